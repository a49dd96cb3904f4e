// Takes the place of cuda/cuda_backend.cu, or of the stub, in programs that link it: Device::cuda(0) and Device::cuda(1) are
// then emulated devices.

#include <array>
#include <memory>
#include <string>

#include "backend/backend.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "device_backend.hpp"
#include "splice_cuda/build_info.hpp"

namespace splice_cuda {
namespace emulation {

std::shared_ptr<EmulatedDevice> emulated_device(int index) {
  static const std::array<std::shared_ptr<EmulatedDevice>, 2> devices = {
      std::make_shared<EmulatedDevice>(Device::cuda(0)), std::make_shared<EmulatedDevice>(Device::cuda(1))};
  return devices.at(static_cast<std::size_t>(index));
}

cuda::MemoryPlace emulated_place_of(const void* pointer) {
  const cuda::MemoryPlace first = emulated_device(0)->memory()->place_of(pointer);
  return first.kind != cuda::MemoryKind::pageable ? first : emulated_device(1)->memory()->place_of(pointer);
}

}  // namespace emulation

std::unique_ptr<Backend> make_cuda_backend(Device device, const ContextOptions& options) {
  if (device.index > 1) throw DeviceError("device: got " + to_string(device) + ", expected cuda:0 or cuda:1 (emulated)");
  return std::make_unique<cuda::DeviceBackend<emulation::EmulatedDevice>>(std::make_shared<emulation::EmulatedDevice>(
      emulation::emulated_device(device.index)->memory(), options.stream, options.allocator),
      options.threads);
}

int cuda_device_count() noexcept { return 2; }

CudaInfo cuda_info(bool /*libraries*/) {
  CudaInfo info;
  info.compiled = true;
  info.toolkit = info.runtime = info.driver = "0.0";
  info.architectures = "emulated";
  for (int index = 0; index < 2; ++index) {
    info.devices.push_back({Device::cuda(index), "emulated device", 0, 0, std::size_t{1} << 30, true});
  }
  return info;
}

}  // namespace splice_cuda
