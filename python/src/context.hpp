#pragma once

/// @file context.hpp
/// A Context that Python threads share: one call at a time.

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "bindings.hpp"
#include "call.hpp"
#include "splice_cuda/context.hpp"

namespace splice_cuda::python {

class SharedContext {
 public:
  SharedContext(Device device, ContextOptions options) : context_(device, std::move(options)) {}

  /// For what takes no time: nothing is waited for.
  const Context& get() const noexcept { return context_; }

  /// Runs `work` by run_interruptibly, with a context that tells and asks the callbacks. Calls from other Python threads wait.
  /// @throws ArgumentError when called from a callback of a call that runs
  void run(nb::handle progress, nb::handle cancel, const std::function<void(const Context&)>& work);
  /// The same, of work that calls Python back.
  void run_watched(nb::handle progress, nb::handle cancel, const std::function<void(const Context&, CallWatch&)>& work);

 private:
  Context context_;
  std::mutex mutex_;
  std::atomic<std::thread::id> caller_{};
};

}  // namespace splice_cuda::python
