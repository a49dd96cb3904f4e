#pragma once

/// @file watched.hpp
/// The watch over all emulated kernels, for a while.

#include "cuda/emulation/emulated_device.hpp"

namespace splice_cuda::emulation {

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
