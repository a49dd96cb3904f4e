#pragma once

/// @file emulated_devices.hpp
/// The two emulated devices that a program has which links emulated_backend.cpp.

#include <memory>

#include "cuda/emulation/emulated_device.hpp"
#include "cuda/emulation/watched.hpp"

namespace splice_cuda::emulation {

std::shared_ptr<EmulatedDevice> emulated_device(int index);

}  // namespace splice_cuda::emulation
