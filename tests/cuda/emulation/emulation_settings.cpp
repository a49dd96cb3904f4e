#include "cuda/emulation/emulated_device.hpp"

namespace splice_cuda::emulation {

EmulationSettings& settings() {
  static EmulationSettings all;
  return all;
}

}  // namespace splice_cuda::emulation
