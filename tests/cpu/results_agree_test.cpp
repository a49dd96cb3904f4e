// Whole results of every instruction set: certified, true to the fp64 oracle, and in agreement with the
// widest.

#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "every_target.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class ResultsAgree : public EachSolver {
 protected:
  static constexpr float l1_penalty = 0.2f;

  void check(bool nonnegative) const {
    const SampleProblem sample = sample_problem(170, 40, 5, 91);
    splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
    problem.any_sign = !nonnegative;
    DecomposeOptions wanted = options(l1_penalty);
    wanted.nonnegative = nonnegative;
    compare_with_widest(
        [&] {
          const Context context{Device::cpu(), {.threads = 1}};
          const Dictionary dictionary(context, sample.atom_view());
          DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
          EXPECT_EQ(result_disagreement(problem, sample, result), "") << "with the oracle";
          return result;
        },
        [&](const DecomposeResult& widest, const DecomposeResult& other) {
          for (std::int64_t row = 0; row < sample.rows; ++row) {
            const std::vector<double> z = oracle_row(sample, row);
            const auto reference = splice_oracle::evaluate(problem, z, dense_row(widest.codes, row));
            EXPECT_EQ(row_disagreement(problem, z, reference, dense_row(other.codes, row),
                                       other.reports[static_cast<std::size_t>(row)]),
                      "")
                << "row " << row << " with the widest target";
          }
        });
  }
};

TEST_P(ResultsAgree, NonNegative) { check(true); }
TEST_P(ResultsAgree, EitherSign) { check(false); }

// row_disagreement must not be satisfied by anything: a weight moved by a hundredth is noticed on every
// target.
TEST_P(ResultsAgree, ACorruptedResultIsNoticed) {
  const SampleProblem sample = sample_problem(170, 40, 5, 91);
  const splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
  const Context context{Device::cpu(), {.threads = 1}};
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult result = decompose(context, dictionary, sample.view(), options(l1_penalty));
  for (std::int64_t row = 0; row < sample.rows; ++row) {
    const std::vector<double> z = oracle_row(sample, row);
    std::vector<double> w = dense_row(result.codes, row);
    const auto reference = splice_oracle::evaluate(problem, z, w);
    std::size_t largest = 0;
    for (std::size_t j = 0; j < w.size(); ++j) {
      if (w[j] > w[largest]) largest = j;
    }
    w[largest] *= 1.01;
    EXPECT_NE(row_disagreement(problem, z, reference, w, result.reports[static_cast<std::size_t>(row)]), "");
  }
}

SPLICE_EACH_SOLVER(ResultsAgree);

}  // namespace
}  // namespace splice_cuda::testing
