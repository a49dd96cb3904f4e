// The whole device pipeline on the emulated device, against the oracle.

#include <gtest/gtest.h>

#include "cuda/emulation/emulated_devices.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

void check(const SampleProblem& sample, float l1_penalty, bool nonnegative = true) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, sample.atom_view());
  DecomposeOptions wanted;
  wanted.l1_penalty = l1_penalty;
  wanted.nonnegative = nonnegative;
  const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
  splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
  problem.any_sign = !nonnegative;
  EXPECT_EQ(result_disagreement(problem, sample, result), "");
}

TEST(Pipeline, WideDictionary) { check(sample_problem(600, 64, 100, 1), 0.25f); }
TEST(Pipeline, PrimeShapes) { check(sample_problem(307, 37, 100, 2), 0.1f); }
TEST(Pipeline, FewerAtomsThanNumbers) { check(sample_problem(50, 128, 100, 3), 0.02f); }
TEST(Pipeline, EitherSign) { check(sample_problem(300, 48, 50, 5), 0.2f, false); }
TEST(Pipeline, OneAtom) { check(sample_problem(1, 16, 20, 6), 0.05f); }

TEST(Pipeline, NoFaultsWhenWatched) {
  for (const emulation::LaneOrder order : {emulation::LaneOrder::ascending, emulation::LaneOrder::descending}) {
    const emulation::Watched watched(order);
    check(sample_problem(83, 29, 9, 8), 0.1f);
    check(sample_problem(83, 29, 9, 8), 0.1f, false);
    EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first;
  }
}

}  // namespace
}  // namespace splice_cuda::testing
