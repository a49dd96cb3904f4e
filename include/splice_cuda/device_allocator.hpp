#pragma once

/// @file device_allocator.hpp
/// Device memory from the caller: a framework's caching allocator, for instance.

#include <cstddef>
#include <functional>

struct CUstream_st;  // cudaStream_t, without CUDA's headers

namespace splice_cuda {

/// Both functions or neither. They are kept, and may be called, until all that took memory from them is gone: the context,
/// its dictionaries and its results; `release` on whichever thread lets go of the last one.
struct DeviceAllocator {
  /// Memory of the context's device, aligned to 256 bytes, that work enqueued on `stream` from now on may use. Null, or
  /// any exception, means that there is no more: the library throws OutOfMemoryError, or goes on with smaller tiles.
  std::function<void*(std::size_t bytes, CUstream_st* stream)> allocate = {};
  /// Takes memory back. Work that is enqueued on `stream` may still use it; nothing later does. Must not throw.
  std::function<void(void* memory, CUstream_st* stream)> release = {};
};

}  // namespace splice_cuda
