// Takes the place of cuda/cuda_backend.cu, or of the stub, in programs that link it: Device::cuda(0) and Device::cuda(1) are
// then emulated devices.

#include <array>
#include <memory>
#include <string>

#include "backend/backend.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "device_backend.hpp"

namespace splice_cuda {
namespace emulation {

std::shared_ptr<EmulatedDevice> emulated_device(int index) {
  static const std::array<std::shared_ptr<EmulatedDevice>, 2> devices = {
      std::make_shared<EmulatedDevice>(Device::cuda(0)), std::make_shared<EmulatedDevice>(Device::cuda(1))};
  return devices.at(static_cast<std::size_t>(index));
}

}  // namespace emulation

std::unique_ptr<Backend> make_cuda_backend(Device device, CUstream_st*) {
  if (device.index > 1) throw DeviceError("device: got " + to_string(device) + ", expected cuda:0 or cuda:1 (emulated)");
  return std::make_unique<cuda::DeviceBackend<emulation::EmulatedDevice>>(emulation::emulated_device(device.index));
}

int cuda_device_count() noexcept { return 2; }

std::string describe_cuda() { return "emulated devices"; }

}  // namespace splice_cuda
