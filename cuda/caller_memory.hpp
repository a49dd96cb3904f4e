#pragma once

/// @file caller_memory.hpp
/// Device memory by the caller's allocator, and what is checked of it.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include "core/validate.hpp"
#include "splice_cuda/device_allocator.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cuda {

/// What kernels and libraries may rely on, and what cudaMalloc gives.
inline constexpr std::size_t memory_alignment = 256;

inline bool is_given(const DeviceAllocator& allocator) { return static_cast<bool>(allocator.allocate); }

inline void release_by(const DeviceAllocator& allocator, void* memory, CUstream_st* stream) noexcept {
  try {
    allocator.release(memory, stream);
  } catch (...) {  // memory that can't be given back is lost, the work is not
  }
}

/// @throws OutOfMemoryError where there is none; ArgumentError where it is not aligned
inline void* allocate_by(const DeviceAllocator& allocator, std::size_t bytes, CUstream_st* stream) {
  const std::string asked = "allocator: " + std::to_string(bytes) + " bytes of device memory: ";
  void* memory = nullptr;
  try {
    memory = allocator.allocate(bytes, stream);
  } catch (const std::exception& error) {
    throw OutOfMemoryError(asked + error.what());
  } catch (...) {
    throw OutOfMemoryError(asked + "an exception of the caller's");
  }
  if (memory == nullptr) throw OutOfMemoryError(asked + "got none");
  const std::size_t excess = reinterpret_cast<std::uintptr_t>(memory) % memory_alignment;
  if (excess != 0) {
    release_by(allocator, memory, stream);
    fail_argument("allocator", "memory " + std::to_string(excess) + " bytes past a multiple of 256", "alignment to 256 bytes");
  }
  return memory;
}

}  // namespace splice_cuda::cuda
