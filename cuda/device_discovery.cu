// What CUDA devices there are, and which of them can be used.

#include <string>

#include "capability.hpp"
#include "cublaslt.hpp"
#include "cuda_error.hpp"
#include "cusparse.hpp"
#include "splice_cuda/build_info.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

/// As cudart and the driver number themselves: 13000 is 13.0.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Of a library that need not be there. See on_demand_library.hpp.
std::string version_or_none(std::string (*version)()) {
  try {
    return version();
  } catch (const DeviceError&) {
    return "";
  }
}

CudaDeviceInfo inspect_device(int index) {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  return {Device::cuda(index), properties.name, properties.major, properties.minor, properties.totalGlobalMem,
          cuda::is_usable(properties.major, properties.minor)};
}

void find_devices(CudaInfo& info) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorInsufficientDriver) {
    info.problem = "no driver, or one that is too old";
  } else if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    info.problem = "no device";
  } else {
    cuda::check(status, "cudaGetDeviceCount");
    for (int index = 0; index < count; ++index) info.devices.push_back(inspect_device(index));
  }
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
        !cuda::is_usable(major, minor)) {
      break;
    }
  }
  return usable;
}

CudaInfo cuda_info(bool libraries) {
  CudaInfo info;
  info.compiled = true;
  info.toolkit = version_text(CUDART_VERSION);
  info.architectures = SPLICE_CUDA_ARCHITECTURES;
  if (libraries) {
    info.cublaslt = version_or_none(cuda::cublaslt_version);
    info.cusparse = version_or_none(cuda::cusparse_version);
  }
  int runtime = 0;
  if (cudaRuntimeGetVersion(&runtime) == cudaSuccess) info.runtime = version_text(runtime);
  int driver = 0;  // 0 where there is none
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0) info.driver = version_text(driver);
  static_cast<void>(cudaGetLastError());
  try {
    find_devices(info);
  } catch (const Error& error) {
    info.problem = error.what();
  }
  return info;
}

}  // namespace splice_cuda
