#pragma once

/// @file call.hpp
/// Long calls: without the GIL, stopped by Ctrl-C, with progress told to Python.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "bindings.hpp"

namespace splice_cuda::python {

/// What passes between the thread that works and the calling one, which waits.
class CallWatch {
 public:
  /// Of the working thread: whether the work should stop.
  bool stop_requested() const noexcept { return stop_.load(); }
  /// Of the working thread: `done` of `total` rows are finished.
  void tell(std::int64_t done, std::int64_t total);
  /// Of the working thread: `task` runs on the calling one, with the GIL, and this waits for its end. What it throws ends the call.
  /// @throws CancelledError where it threw, or the call was interrupted before
  void run_in_caller(const std::function<void()>& task);

 private:
  friend void run_interruptibly(nb::handle, nb::handle, const std::function<void(CallWatch&)>&);

  void wait_and_serve(nb::handle progress, nb::handle cancel);
  void serve(nb::handle progress, nb::handle cancel);
  void run_task(const std::function<void()>& task);

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  const std::function<void()>* task_ = nullptr;  // that the working thread waits for
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
  std::int64_t told_ = -1;             // of the calling thread
  std::exception_ptr interruption_{};  // of the calling thread
};

/// Runs `work` on a thread of its own. The calling thread, which signals and `progress` belong to, waits without the GIL and
/// looks in every 50 ms: for signals, for `cancel()`, and to call `progress(done, total)`. None for either is allowed.
/// Called with the GIL, returns with it.
/// @throws what Python raised meanwhile (KeyboardInterrupt), else what `work` threw
void run_interruptibly(nb::handle progress, nb::handle cancel, const std::function<void(CallWatch&)>& work);

}  // namespace splice_cuda::python
