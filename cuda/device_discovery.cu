// What CUDA devices there are, and which of them can be used.

#include <string>

#include "cuda_error.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr int oldest_major = 7;
constexpr int oldest_minor = 5;  // what CUDA 13 compiles for

bool is_usable(int major, int minor) { return major > oldest_major || (major == oldest_major && minor >= oldest_minor); }

std::string describe_device(int index) {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  return "cuda:" + std::to_string(index) + " " + properties.name + " (compute capability " +
         std::to_string(properties.major) + "." + std::to_string(properties.minor) +
         (is_usable(properties.major, properties.minor) ? ", " : ", too old: 7.5 is needed, ") +
         std::to_string(properties.totalGlobalMem >> 20) + " MiB)";
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

int cuda_device_count() noexcept {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return 0;
  }
  int usable = 0;  // devices are addressed by index: the first one that is too old ends the count
  for (; usable < count; ++usable) {
    int major = 0;
    int minor = 0;
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, usable) != cudaSuccess ||
        cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, usable) != cudaSuccess ||
        !is_usable(major, minor)) {
      break;
    }
  }
  return usable;
}

std::string describe_cuda() {
  const std::string built = "built with CUDA " + version_text(CUDART_VERSION);
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorInsufficientDriver) return built + "; no driver, or one that is too old";
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) return built + "; no device";
  try {
    cuda::check(status, "cudaGetDeviceCount");
    int driver = 0;
    cuda::check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    std::string text = built + "; driver for CUDA " + version_text(driver) + ";";
    for (int index = 0; index < count; ++index) text += (index == 0 ? " " : "; ") + describe_device(index);
    return text;
  } catch (const DeviceError& error) {
    return built + "; " + error.what();
  }
}

}  // namespace splice_cuda
