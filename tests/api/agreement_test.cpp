// Every solver against the fp64 oracle: certified, the gap a true bound, provably-zero atoms zero.

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class OracleAgreement : public EachSolver {
 protected:
  /// Solves all rows of the sample and compares each with the oracle.
  void check(const SampleProblem& sample, float l1_penalty, bool nonnegative = true) const {
    const Context context(test_device().device);
    const Dictionary dictionary(context, sample.atom_view());
    DecomposeOptions wanted = options(l1_penalty);
    wanted.nonnegative = nonnegative;
    const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
    splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
    problem.any_sign = !nonnegative;
    EXPECT_EQ(result_disagreement(problem, sample, result), "");
  }
};

// 500 rows in each of four shapes: 2,000 random rows a solver.
TEST_P(OracleAgreement, WideDictionary) { check(sample_problem(600, 64, test_rows(500), 1), 0.25f); }
TEST_P(OracleAgreement, PrimeShapes) { check(sample_problem(307, 37, test_rows(500), 2), 0.1f); }
TEST_P(OracleAgreement, FewerAtomsThanNumbers) { check(sample_problem(50, 128, test_rows(500), 3), 0.02f); }
TEST_P(OracleAgreement, HighPenalty) { check(sample_problem(1000, 32, test_rows(500), 4), 0.6f); }
TEST_P(OracleAgreement, EitherSign) { check(sample_problem(300, 48, test_rows(100), 5), 0.2f, false); }
TEST_P(OracleAgreement, OneAtom) { check(sample_problem(1, 16, 20, 6), 0.05f); }
TEST_P(OracleAgreement, OneNumber) { check(sample_problem(7, 1, 20, 7), 0.05f); }

TEST_P(OracleAgreement, RealSentences) {
  const auto sample = real_problem(10, test_rows(200));
  SPLICE_NEEDS_DATA("text15k");
  check(*sample, 0.25f);
  check(*sample, 0.1f);
}

SPLICE_EACH_SOLVER(OracleAgreement);

}  // namespace
}  // namespace splice_cuda::testing
