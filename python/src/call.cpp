#include "call.hpp"

#include <chrono>
#include <exception>

#include "splice_cuda/error.hpp"

namespace splice_cuda::python {

void CallWatch::tell(std::int64_t done, std::int64_t total) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
}

void CallWatch::serve(nb::handle progress, nb::handle cancel) {
  std::int64_t done = 0;
  std::int64_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    done = done_;
    total = total_;
  }
  const nb::gil_scoped_acquire gil;
  try {
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!progress.is_none() && total > 0 && done != told_) {
      progress(done, total);
      told_ = done;
    }
    if (!cancel.is_none() && nb::cast<bool>(nb::bool_(cancel()))) stop_ = true;
  } catch (...) {
    interruption_ = std::current_exception();
    stop_ = true;
  }
}

void CallWatch::run_in_caller(const std::function<void()>& task) {
  std::unique_lock lock(mutex_);
  task_ = &task;
  changed_.notify_all();
  changed_.wait(lock, [&] { return task_ == nullptr; });
  if (stop_) throw CancelledError("stopped by the caller");
}

void CallWatch::run_task(const std::function<void()>& task) {
  const nb::gil_scoped_acquire gil;
  try {
    task();
  } catch (...) {
    interruption_ = std::current_exception();
    stop_ = true;
  }
}

void CallWatch::wait_and_serve(nb::handle progress, nb::handle cancel) {
  const nb::gil_scoped_release released;
  std::unique_lock lock(mutex_);
  while (!finished_) {
    const bool woken = changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return finished_ || task_ != nullptr; });
    if (finished_) return;
    if (!woken && interruption_) continue;
    const std::function<void()>* task = woken ? task_ : nullptr;
    lock.unlock();
    if (!interruption_) serve(progress, cancel);
    if (task != nullptr && !stop_) run_task(*task);
    lock.lock();
    if (task == nullptr) continue;
    task_ = nullptr;
    changed_.notify_all();
  }
}

void run_interruptibly(nb::handle progress, nb::handle cancel, const std::function<void(CallWatch&)>& work) {
  CallWatch watch;
  std::exception_ptr failure;
  std::thread worker([&] {
    try {
      work(watch);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(watch.mutex_);
    watch.finished_ = true;
    watch.changed_.notify_all();
  });
  watch.wait_and_serve(progress, cancel);
  worker.join();
  if (!watch.interruption_ && !failure) watch.serve(progress, nb::none());  // the last progress
  if (watch.interruption_) std::rethrow_exception(watch.interruption_);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace splice_cuda::python
