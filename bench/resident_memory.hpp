#pragma once

/// @file resident_memory.hpp
/// What a process holds in memory while it works, apart from the files that it maps.

#include <atomic>
#include <cstdint>
#include <thread>

namespace splice_cuda::bench {

struct ResidentMemory {
  std::int64_t anonymous = 0;  ///< bytes of its own
  std::int64_t mapped = 0;     ///< bytes of mapped files, which the system may take back
};

/// Now, of this process (RssAnon and RssFile of /proc/self/status).
ResidentMemory resident_memory();

/// The most of each during the life of this object, looked at every few milliseconds.
class PeakMemory {
 public:
  PeakMemory();
  ~PeakMemory();
  /// Looks once more: what was done may have been shorter than the pause between two looks.
  ResidentMemory most() {
    look();
    return {anonymous_.load(), mapped_.load()};
  }

 private:
  void look();

  std::atomic<std::int64_t> anonymous_{0};
  std::atomic<std::int64_t> mapped_{0};
  std::atomic<bool> stop_{false};
  std::thread watcher_;
};

}  // namespace splice_cuda::bench
