#include "support/test_device.hpp"

namespace splice_cuda::testing {

const TestDevice& test_device() {
  static const TestDevice cpu{
      .device = Device::cpu(),
      .solvers = {SolverKind::working_set, SolverKind::coordinate_descent, SolverKind::fista, SolverKind::admm},
      .reads_in_place = true,
      .follows_paths = true,
      .row_share = 1,
      .tight_memory = std::size_t{5} << 20};
  return cpu;
}

}  // namespace splice_cuda::testing
