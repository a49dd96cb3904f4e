// Rows with supports of many sizes: on a device each size of working set has a solver of its own.

#include <gtest/gtest.h>

#include "splice_cuda/splice_cuda.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

/// Solves the row; what is wrong with it.
std::string wrong(const SampleProblem& sample, float l1_penalty, bool nonnegative, std::int64_t& support) {
  const Context context(test_device().device);
  DecomposeOptions options;
  options.l1_penalty = l1_penalty;
  options.nonnegative = nonnegative;
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
  support = result.codes.nnz();
  splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
  problem.any_sign = !nonnegative;
  return result_disagreement(problem, sample, result);
}

TEST(SupportSizes, EachIsSolved) {
  for (const bool nonnegative : {true, false}) {
    for (const std::int64_t parts : {30, 60, 120, 150}) {
      std::int64_t support = 0;
      EXPECT_EQ(wrong(row_of_many(200, 192, parts, 0.3f), 2e-3f, nonnegative, support), "") << parts;
      EXPECT_GT(support, parts * 4 / 5);
    }
  }
}

/// Atoms in pairs that are nearly parallel: pivots are small.
TEST(SupportSizes, EachIsSolvedWithNearPairs) {
  for (const std::int64_t parts : {28, 60, 120}) {
    SampleProblem sample = row_of_many(200, 192, parts, 0.3f);
    bundle_atoms(sample, 2, 0.03f);
    std::int64_t support = 0;
    EXPECT_EQ(wrong(sample, 2e-3f, true, support), "") << parts;
    EXPECT_GT(support, parts * 3 / 5);
  }
}

}  // namespace
}  // namespace splice_cuda::testing
