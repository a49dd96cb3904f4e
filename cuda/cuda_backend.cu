// The backend on a CUDA device: everything is over the seam of cuda_device.cuh.

#include "device_backend.hpp"

#include <memory>
#include <string>

#include "cuda_device.cuh"
#include "splice_cuda/error.hpp"

namespace splice_cuda {

std::unique_ptr<Backend> make_cuda_backend(Device device, const ContextOptions& options) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || device.index >= count) {
    static_cast<void>(cudaGetLastError());
    throw DeviceError("device: got " + to_string(device) + ", expected a device that is there (" + describe_cuda() + ")");
  }
  return std::make_unique<cuda::DeviceBackend<cuda::CudaDevice>>(
      std::make_shared<cuda::CudaDevice>(device, options.stream, options.allocator, options.threads), options.threads);
}

}  // namespace splice_cuda
