// refit: least squares on the support that the penalty chose; the report stays that of the penalised solution.

#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class Refit : public ::testing::TestWithParam<std::tuple<SolverKind, bool>> {
 protected:
  DecomposeResult solve(bool refit) const {
    DecomposeOptions options{.l1_penalty = 0.15f};
    options.solve.solver = std::get<0>(GetParam());
    options.nonnegative = nonnegative;
    options.refit = refit;
    return decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
  }

  bool nonnegative = std::get<1>(GetParam());
  Context context{test_device().device};
  SampleProblem sample = sample_problem(200, 32, test_rows(30), 91);
};

TEST_P(Refit, IsLeastSquaresOnTheSupport) {
  const DecomposeResult penalised = solve(false);
  const DecomposeResult refitted = solve(true);
  ASSERT_EQ(malformed(refitted.codes), "");
  splice_oracle::Problem problem = oracle_problem(sample, 0.15);
  problem.any_sign = !nonnegative;
  double gained = 0;
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const auto atoms = penalised.codes.row_atoms(i);
    const std::vector<double> z = oracle_row(sample, i);
    const std::vector<double> expected = splice_oracle::least_squares(problem, z, {atoms.begin(), atoms.end()});
    const std::vector<double> w = dense_row(refitted.codes, i);
    for (std::size_t j = 0; j < w.size(); ++j) EXPECT_NEAR(w[j], expected[j], 1e-6) << "row " << i << ", atom " << j;
    problem.penalty = 0;
    const double before = splice_oracle::evaluate(problem, z, dense_row(penalised.codes, i)).primal;
    gained += before - splice_oracle::evaluate(problem, z, w).primal;
    problem.penalty = 0.075;
  }
  EXPECT_GT(gained, 0.01) << "the penalty shrank nothing that refitting could give back";
}

TEST_P(Refit, ReportsAreOfThePenalisedSolution) {
  const DecomposeResult penalised = solve(false);
  DecomposeResult refitted = solve(true);
  EXPECT_NE(difference(penalised, refitted), "");
  refitted.codes = penalised.codes;
  EXPECT_EQ(difference(penalised, refitted), "");
}

/// Atoms that least squares would give a negative weight leave the code, as w >= 0 asks.
TEST_P(Refit, KeepsTheSignConstraint) {
  const DecomposeResult refitted = solve(true);
  bool negative = false;
  for (const float value : refitted.codes.values) negative = negative || value < 0;
  EXPECT_EQ(negative, !nonnegative);
}

INSTANTIATE_TEST_SUITE_P(, Refit, ::testing::Combine(all_solvers(), ::testing::Bool()), [](const auto& parameters) {
  return std::string(to_string(std::get<0>(parameters.param))) + (std::get<1>(parameters.param) ? "_nonnegative" : "_either_sign");
});

}  // namespace
}  // namespace splice_cuda::testing
