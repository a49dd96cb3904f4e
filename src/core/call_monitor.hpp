#pragma once

/// @file call_monitor.hpp
/// Progress and cancellation of one call, from several workers.

#include <cstdint>
#include <mutex>

#include "splice_cuda/context.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {

/// Asks and tells the caller's callbacks, never two at once.
class CallMonitor {
 public:
  CallMonitor(const ContextOptions& options, std::int64_t rows) : options_(options), rows_(rows) {}

  /// `rows` more are done. @throws CancelledError when the caller asks to stop, in every worker.
  void advance(std::int64_t rows) {
    if (!options_.cancel && !options_.progress) return;
    const std::lock_guard lock(mutex_);
    done_ += rows;
    cancelled_ = cancelled_ || (options_.cancel && options_.cancel());
    if (cancelled_) throw CancelledError("cancelled by the caller");
    if (options_.progress && rows > 0) options_.progress(done_, rows_);
  }

 private:
  const ContextOptions& options_;
  std::int64_t rows_;
  std::int64_t done_ = 0;
  bool cancelled_ = false;
  std::mutex mutex_;
};

}  // namespace splice_cuda
