// Linked in place of cuda/ where no CUDA toolkit was found (or SPLICE_CUDA=OFF): callers need no #if.

#include <string>

#include "backend/backend.hpp"
#include "splice_cuda/build_info.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {

std::unique_ptr<Backend> make_cuda_backend(Device device, const ContextOptions& /*options*/) {
  throw DeviceError("device: got " + to_string(device) +
                    ", expected cpu: this library was built without CUDA (SPLICE_CUDA=OFF, or no toolkit)");
}

int cuda_device_count() noexcept { return 0; }

CudaInfo cuda_info(bool /*libraries*/) {
  CudaInfo info;
  info.problem = "built without CUDA";
  return info;
}

}  // namespace splice_cuda
