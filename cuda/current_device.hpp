#pragma once

/// @file current_device.hpp
/// The calling thread's current device, for a while.

#include "splice_cuda/device.hpp"

namespace splice_cuda::cuda {

/// Makes a device current, and at its end the one that was before.
class CurrentDevice {
 public:
  /// @throws DeviceError
  explicit CurrentDevice(Device device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace splice_cuda::cuda
