#pragma once

/// @file emulated_devices.hpp
/// The two emulated devices that a program has which links emulated_backend.cpp.

#include <memory>

#include "cuda/emulation/emulated_device.hpp"

namespace splice_cuda::emulation {

std::shared_ptr<EmulatedDevice> emulated_device(int index);

/// Watches every access while it lives.
class Watched {
 public:
  explicit Watched(LaneOrder order = LaneOrder::ascending) {
    settings().watched = true;
    settings().order = order;
    faults() = {};
  }
  ~Watched() {
    settings().watched = false;
    settings().order = LaneOrder::ascending;
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
};

}  // namespace splice_cuda::emulation
