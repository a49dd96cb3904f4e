// The tests of the interface, on the emulated device.

#include "support/test_device.hpp"

namespace splice_cuda::testing {

const TestDevice& test_device() {
  static const TestDevice emulated{.device = Device::cuda(0),
                                   .solvers = {SolverKind::working_set, SolverKind::fista, SolverKind::admm},
                                   .reads_in_place = false,
                                   .follows_paths = false,
                                   .row_share = 20,
                                   .tight_memory = std::size_t{160} << 20};
  return emulated;
}

}  // namespace splice_cuda::testing
