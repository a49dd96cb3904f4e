#include <string>

#include "splice_cuda/build_info.hpp"

namespace splice_cuda {
namespace {

std::string describe(const CudaDeviceInfo& device) {
  return to_string(device.device) + " " + device.name + " (compute capability " + std::to_string(device.capability_major) + "." +
         std::to_string(device.capability_minor) + (device.usable ? ", " : ", too old: 7.5 is needed, ") +
         std::to_string(device.memory_bytes >> 20) + " MiB)";
}

}  // namespace

std::string describe_cuda() {
  const CudaInfo info = cuda_info(false);
  if (!info.compiled) return "built without CUDA";
  std::string text = "built with CUDA " + info.toolkit;
  if (!info.driver.empty()) text += "; driver for CUDA " + info.driver;
  if (!info.problem.empty()) text += "; " + info.problem;
  for (const CudaDeviceInfo& device : info.devices) text += "; " + describe(device);
  return text;
}

}  // namespace splice_cuda
