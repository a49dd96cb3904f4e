#pragma once

/// @file staging_ring.hpp
/// Host memory to a device by way of page-locked slots: the next piece is copied into its slot while the one before
/// travels. Pages of the caller's are never locked: that costs more than the copy.

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>

#include "row_copy.hpp"

namespace splice_cuda::cuda {

/// Of one device, which has to be current in every call.
class StagingRing {
 public:
  static constexpr std::size_t slot_bytes = std::size_t{8} << 20;
  static constexpr std::size_t slots = 3;
  /// Up to so many bytes the driver's own way is taken: to lock a slot's pages takes some 3 ms.
  static constexpr std::size_t most_unstaged = std::size_t{1} << 20;

  StagingRing() = default;
  ~StagingRing();
  StagingRing(const StagingRing&) = delete;
  StagingRing& operator=(const StagingRing&) = delete;

  /// In the order of `stream`. The source, pageable memory, may be reused when this returns.
  /// @throws OutOfMemoryError, DeviceError
  void copy_rows(const RowCopy& copy, cudaStream_t stream);
  void copy(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

 private:
  struct Slot {
    unsigned char* memory = nullptr;
    cudaEvent_t left = nullptr;  ///< its content has been copied to the device
  };

  /// The next slot, once it may be written to.
  Slot& take();

  std::array<Slot, slots> ring_;
  std::size_t next_ = 0;
};

}  // namespace splice_cuda::cuda
