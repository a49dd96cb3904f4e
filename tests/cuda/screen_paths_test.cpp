// Whichever way a device screens, codes and reports are the same, bit by bit.

#include <gtest/gtest.h>

#include <string>

#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/emulation/kept_settings.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

DecomposeResult decomposed(const SampleProblem& sample, bool nonnegative) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, sample.atom_view());
  DecomposeOptions wanted;
  wanted.l1_penalty = 0.25f;
  wanted.nonnegative = nonnegative;
  return decompose(context, dictionary, sample.view(), wanted);
}

using emulation::launches_of;

class ScreenPaths : public ::testing::TestWithParam<bool> {};

TEST_P(ScreenPaths, SameResults) {
  const emulation::KeptSettings settings;
  const SampleProblem sample = sample_problem(400, 300, 20, 31);
  emulation::settings().int8_tensor_cores = false;
  const std::int64_t by_warps_before = launches_of("screen_fused_kernel");
  const std::int64_t by_warpgroups_before = launches_of("screen_warpgroups_kernel");
  const DecomposeResult portable = decomposed(sample, GetParam());
  EXPECT_EQ(launches_of("screen_fused_kernel"), by_warps_before);
  EXPECT_EQ(launches_of("screen_warpgroups_kernel"), by_warpgroups_before);
  emulation::settings().int8_tensor_cores = true;
  const std::int64_t portable_before = launches_of("list_candidates_kernel");
  for (const bool by_warpgroups : {false, true}) {
    emulation::settings().warpgroup_products = by_warpgroups;
    const std::size_t sliced = std::size_t{by_warpgroups ? 56u : 45u} << 10;
    const char* const used = by_warpgroups ? "screen_warpgroups_kernel" : "screen_fused_kernel";
    const std::int64_t before = launches_of("screen_fused_kernel") + launches_of("screen_warpgroups_kernel");
    const std::int64_t used_before = launches_of(used);
    for (const int multiprocessors : {1, 100}) {  // one segment, and several
      for (const std::size_t memory : {sliced, std::size_t{98} << 10}) {  // rows in slices, and held
        emulation::settings().multiprocessors = multiprocessors;
        emulation::settings().most_dynamic_memory = memory;
        EXPECT_EQ(difference(portable, decomposed(sample, GetParam())), "")
            << used << ", " << multiprocessors << " multiprocessors, " << memory << " bytes";
      }
    }
    EXPECT_GT(launches_of(used), used_before);
    EXPECT_EQ(launches_of("screen_fused_kernel") + launches_of("screen_warpgroups_kernel") - before,
              launches_of(used) - used_before);
  }
  EXPECT_EQ(launches_of("list_candidates_kernel"), portable_before);
}

INSTANTIATE_TEST_SUITE_P(Signs, ScreenPaths, ::testing::Bool(),
                         [](const auto& value) { return value.param ? "Nonnegative" : "EitherSign"; });

}  // namespace
}  // namespace splice_cuda::testing
