// Were the library's kernels linked into this program, its other tests would prove nothing new.

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace splice_cuda::cpu {
namespace {

TEST(Scalar, TheKernelsOfThisProgramUseNoInstructionSet) {
  EXPECT_EQ(HWY_TARGETS, HWY_EMU128);
  EXPECT_EQ(hwy::SupportedAndGeneratedTargets(), std::vector<std::int64_t>{HWY_EMU128});
}

}  // namespace
}  // namespace splice_cuda::cpu
