#include "current_device.hpp"

#include <cuda_runtime_api.h>

#include "cuda_error.hpp"

namespace splice_cuda::cuda {

CurrentDevice::CurrentDevice(Device device) {
  check(cudaGetDevice(&before_), "cudaGetDevice");
  changed_ = before_ != device.index;
  if (changed_) check(cudaSetDevice(device.index), "cudaSetDevice");
}

CurrentDevice::~CurrentDevice() {
  if (changed_) ignore(cudaSetDevice(before_));
}

}  // namespace splice_cuda::cuda
