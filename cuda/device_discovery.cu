// What CUDA devices there are. This version has no CUDA solver: none of them counts as usable.

#include <string>

#include "backend/backend.hpp"
#include "cuda_error.hpp"

namespace splice_cuda {
namespace {

constexpr int oldest_major = 7;
constexpr int oldest_minor = 5;  // what CUDA 13 compiles for

std::string describe_device(int index) {
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  const bool too_old = properties.major < oldest_major ||
                       (properties.major == oldest_major && properties.minor < oldest_minor);
  return "cuda:" + std::to_string(index) + " " + properties.name + " (compute capability " +
         std::to_string(properties.major) + "." + std::to_string(properties.minor) +
         (too_old ? ", too old: 7.5 is needed)" : ")");
}

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(Device device, CUstream_st* /*stream*/) {
  throw DeviceError("device: got " + to_string(device) +
                    ", expected cpu: the CUDA solver is not part of this version (" + describe_cuda() + ")");
}

int cuda_device_count() noexcept { return 0; }

std::string describe_cuda() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) return "built with CUDA; no driver, or one that is too old";
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    return "built with CUDA; no device";
  }
  try {
    check_cuda(status, "cudaGetDeviceCount");
    std::string text = "built with CUDA, devices seen:";
    for (int index = 0; index < count; ++index) text += " " + describe_device(index) + ";";
    return text + " solver on the CPU only in this version";
  } catch (const DeviceError& error) {
    return std::string("built with CUDA; ") + error.what();
  }
}

}  // namespace splice_cuda
