#pragma once

/// @file emulated_devices.hpp
/// The two emulated devices that a program has which links emulated_backend.cpp.

#include <memory>
#include <string>

#include "cuda/emulation/emulated_device.hpp"
#include "cuda/emulation/watched.hpp"

namespace splice_cuda::emulation {

std::shared_ptr<EmulatedDevice> emulated_device(int index);

/// Of the first device, so far.
inline std::int64_t launches_of(const std::string& kernel) {
  const auto& launches = emulated_device(0)->counters().launches_of;
  const auto found = launches.find(kernel);
  return found == launches.end() ? 0 : found->second;
}

}  // namespace splice_cuda::emulation
