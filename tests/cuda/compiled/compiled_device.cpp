// The emulated devices run compiled kernels while tests do: those of the PTX that SPLICE_COMPILED_KERNELS names.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cuda/compiled/compiled_kernels.hpp"
#include "cuda/emulation/emulated_devices.hpp"

namespace splice_cuda::testing {
namespace {

class CompiledDevice : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* const file = std::getenv("SPLICE_COMPILED_KERNELS");
    ASSERT_NE(file, nullptr) << "SPLICE_COMPILED_KERNELS: not set, expected a file of PTX";
    kernels_ = std::make_unique<compiled::CompiledKernels>(file);
    kernels_->take_over(emulation::settings());
  }

  /// Where SPLICE_EXPECT_ALL_KERNELS is set, tests have to launch every kernel.
  void TearDown() override {
    if (kernels_ == nullptr) return;
    EXPECT_EQ(emulation::settings().runner, kernels_.get()) << "a test has taken the compiled kernels away";
    emulation::settings() = {};
    const compiled::Program& program = kernels_->machine().program();
    std::string idle;
    for (std::size_t i = 0; i < program.functions.size(); ++i) {
      const compiled::Function& function = program.functions[i];
      const std::vector<std::int64_t>& counts = kernels_->machine().counts()[i];
      if (std::getenv("SPLICE_PRINT_COVERAGE") != nullptr) {
        const auto executed = std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; });
        std::printf("%6td of %6zu instructions: %s\n", executed, counts.size(), function.name.c_str());
      }
      if (counts.front() == 0) idle += "\n" + function.name;
    }
    if (std::getenv("SPLICE_EXPECT_ALL_KERNELS") != nullptr) {
      EXPECT_EQ(idle, "") << "never launched";
    }
    kernels_.reset();
  }

 private:
  std::unique_ptr<compiled::CompiledKernels> kernels_;
};

const ::testing::Environment* const environment = ::testing::AddGlobalTestEnvironment(new CompiledDevice);  // NOLINT: the framework's

}  // namespace
}  // namespace splice_cuda::testing
