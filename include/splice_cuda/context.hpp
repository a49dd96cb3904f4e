#pragma once

/// @file context.hpp
/// Where and with which resources work runs.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "splice_cuda/device.hpp"
#include "splice_cuda/device_allocator.hpp"

struct CUstream_st;  // cudaStream_t, without CUDA's headers

namespace splice_cuda {

struct ContextOptions {
  /// CPU threads; 0 = all that this process may use. With a CUDA device they prepare dictionaries, and up to 8 of them copy
  /// what goes to it from pageable memory. Results do not depend on it.
  int threads = 0;
  /// Upper limit of the workspace (tiles, lists), beyond the inputs, the outputs and the dictionary. 0 = 256 MiB on the
  /// CPU; on a CUDA device a quarter of its memory that is free when the context is made, at least 256 MiB and at most
  /// 2 GiB. Page-locked host memory that rows and results pass through is beside it, and kept: up to 32 MiB, and 1.5 times
  /// what the results of a tile have taken so far. Results do not depend on it.
  std::size_t memory_limit_bytes = 0;
  /// CUDA only: the stream on which all work is ordered; null: the device's default stream. The caller owns it, and
  /// keeps it until the context, its dictionaries and its results are gone. Calls wait for it, so that it must not be
  /// capturing a graph while one runs.
  CUstream_st* stream = nullptr;
  /// CUDA only: where all device memory comes from; empty: a stream-ordered pool of the context's own (cudaMallocAsync),
  /// which keeps what one call gives back for the next, and is gone with the context, its dictionaries and its results.
  DeviceAllocator allocator = {};
  /// Asked between tiles, from any of the worker threads but never from two at once; true stops the
  /// call, which then throws CancelledError, or what it throws itself. Must not use the context, which is at work.
  std::function<bool()> cancel = {};
  /// Told between tiles (rows done, rows in all) under the same rule. Must not throw.
  std::function<void(std::int64_t, std::int64_t)> progress = {};
};

class Backend;

/// Device, threads, memory limit and callbacks of a series of calls. One per host thread; it holds no
/// global state. One that was moved from can only be assigned to. A Dictionary may be shared between the contexts of one device.
class Context {
 public:
  /// Which device is current in the calling thread has no influence, and stays as it is. (CUDA gives a device that is set back,
  /// and was never used, a context: a process that is to leave GPU 0 alone makes its own device current first.)
  /// @throws ArgumentError for negative threads, half an allocator, or a stream that is of another device or capturing;
  ///         DeviceError when `device` can't be used; OutOfMemoryError.
  explicit Context(Device device = Device::cpu(), ContextOptions options = {});
  ~Context();
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;

  Device device() const noexcept;
  /// The options as resolved: `threads` and `memory_limit_bytes` are never 0 here.
  const ContextOptions& options() const noexcept;
  /// The same device, resources and stream with other callbacks, at no cost. Not to be used while another thread uses
  /// this one.
  Context with_callbacks(std::function<bool()> cancel, std::function<void(std::int64_t, std::int64_t)> progress) const;
  /// For the library's own use.
  Backend& backend() const noexcept;

 private:
  struct State;
  explicit Context(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace splice_cuda
