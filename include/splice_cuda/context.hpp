#pragma once

/// @file context.hpp
/// Where and with which resources work runs.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "splice_cuda/device.hpp"

struct CUstream_st;  // cudaStream_t, without CUDA's headers

namespace splice_cuda {

struct ContextOptions {
  /// CPU threads; 0 = all that this process may use. Results do not depend on it.
  int threads = 0;
  /// Upper limit of the workspace (tiles, lists), beyond the inputs, the outputs and the dictionary.
  std::size_t memory_limit_bytes = std::size_t{256} << 20;
  /// CUDA only: the stream on which all work is ordered. The caller owns it.
  CUstream_st* stream = nullptr;
  /// Asked between tiles, from any of the worker threads but never from two at once; true stops the
  /// call, which then throws CancelledError.
  std::function<bool()> cancel = {};
  /// Told between tiles (rows done, rows in all) under the same rule. Must not throw.
  std::function<void(std::int64_t, std::int64_t)> progress = {};
};

class Backend;

/// Device, threads, memory limit and callbacks of a series of calls. One per host thread; it holds no
/// global state. A Dictionary may be shared between the contexts of one device.
class Context {
 public:
  /// @throws ArgumentError for negative threads; DeviceError when `device` can't be used.
  explicit Context(Device device = Device::cpu(), ContextOptions options = {});
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  Device device() const noexcept;
  /// The options as resolved: `threads` is never 0 here.
  const ContextOptions& options() const noexcept;
  /// For the library's own use.
  Backend& backend() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace splice_cuda
