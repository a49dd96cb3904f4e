#pragma once

/// @file landing_memory.hpp
/// Device memory to the host beside the work on other rows: to page-locked memory, which is kept from call to call.

#include <cstddef>

#include "host_link.hpp"

namespace splice_cuda::cuda {

/// Of one device, which has to be current in every call.
class LandingMemory {
 public:
  explicit LandingMemory(HostLink link) : link_(link) {}
  ~LandingMemory();
  LandingMemory(const LandingMemory&) = delete;
  LandingMemory& operator=(const LandingMemory&) = delete;

  /// At least so many bytes, undefined; what was there before is gone. @throws OutOfMemoryError
  void* take(std::size_t bytes);
  /// To memory of take(), in the order of `stream`.
  void copy(void* to, const void* from, std::size_t bytes, cudaStream_t stream);
  /// Until all copies are there.
  void wait() const;

 private:
  HostLink link_;
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
  HostLink::Mark landed_ = nullptr;
};

}  // namespace splice_cuda::cuda
