#pragma once

/// @file host_link.hpp
/// What copies between the host and a device are made of. Host memory that travels is page-locked: other memory the driver
/// copies by itself, one piece after the other, while the caller waits.

#include <cuda_runtime_api.h>

#include <cstddef>

#include "row_copy.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cuda {

/// A device's. Its members may be called by several threads, in each of which the device has to be current.
class HostLink {
 public:
  using Stream = cudaStream_t;
  using Mark = cudaEvent_t;  ///< a place in a stream's work

  explicit HostLink(Device device) : device_(device) {}

  /// Makes the device current in a thread that ends with its work: nothing is set back, which would touch another device.
  void enter() const;

  /// Page-locked memory. @throws OutOfMemoryError
  void* lock(std::size_t bytes) const;
  void unlock(void* memory) const noexcept;

  Mark make_mark() const;
  void destroy(Mark mark) const noexcept;
  /// At what the stream has now.
  void set(Mark mark, Stream stream) const;
  /// Until the device has come to the mark.
  void wait(Mark mark) const;
  void try_to_wait(Mark mark) const noexcept;

  /// From anywhere to anywhere, in the order of `stream`.
  void copy_rows(const RowCopy& copy, Stream stream) const;

 private:
  Device device_;
};

}  // namespace splice_cuda::cuda
