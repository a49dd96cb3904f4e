// The tests of the interface, on a real device. Without one they are skipped, or fail where SPLICE_REQUIRE_GPU is set.

#include "support/test_device.hpp"

#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

namespace splice_cuda::testing {
namespace {

class NeedsDevice final : public ::testing::Environment {
  void SetUp() override {
    if (cuda_device_count() > 0) return;
    if (std::getenv("SPLICE_REQUIRE_GPU") != nullptr) FAIL() << describe_cuda();
    std::cout << "[  SKIPPED ] no device\n";  // googletest counts a program that its environment skips as passed: ctest does not
    GTEST_SKIP() << describe_cuda();
  }
};

const ::testing::Environment* const needs_device = ::testing::AddGlobalTestEnvironment(new NeedsDevice);

}  // namespace

const TestDevice& test_device() {
  static const TestDevice cuda{.device = Device::cuda(0),
                               .solvers = {SolverKind::working_set, SolverKind::fista, SolverKind::admm},
                               .reads_in_place = false,
                               .follows_paths = false,
                               .row_share = 1,
                               .tight_memory = std::size_t{160} << 20};
  return cuda;
}

}  // namespace splice_cuda::testing
