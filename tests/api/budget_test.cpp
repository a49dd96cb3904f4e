// Budgets of rounds and iterations: kept, said, and the gap of an unfinished row is a true one.

#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class Budget : public EachSolver {
 protected:
  /// Solves within a budget that is too small, and compares every report with brute force.
  DecomposeResult check(const DecomposeOptions& wanted) const {
    const Dictionary dictionary(context, sample.atom_view());
    const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
    EXPECT_EQ(malformed(result.codes), "");
    const std::vector<RowReport> exact = certify(context, dictionary, sample.view(), result.codes, wanted);
    int exhausted = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const RowReport& report = result.reports[i];
      exhausted += report.status == RowStatus::budget_exhausted;
      EXPECT_NEAR(report.primal, exact[i].primal, 1e-12);
      EXPECT_GE(report.gap, exact[i].gap - 1e-12);
      EXPECT_GE(report.kkt_violation, exact[i].kkt_violation - 1e-12);
      EXPECT_EQ(report.status == RowStatus::certified, report.gap <= wanted.solve.gap_tolerance * half_square(i));
    }
    EXPECT_GT(exhausted, 0) << "the budget sufficed: nothing was tested";
    return result;
  }
  double half_square(std::size_t row) const {
    double sum = 0;
    for (const double value : oracle_row(sample, static_cast<std::int64_t>(row))) sum += value * value;
    return sum / 2;
  }

  Context context{test_device().device};
  SampleProblem sample = sample_problem(400, 48, test_rows(24), 111);
};

TEST_P(Budget, OneRound) {
  if (GetParam() == SolverKind::fista || GetParam() == SolverKind::admm) {
    // These count iterations alone (options.hpp): one round changes nothing.
    const Dictionary dictionary(context, sample.atom_view());
    DecomposeOptions wanted = options(0.1f);
    const DecomposeResult free = decompose(context, dictionary, sample.view(), wanted);
    wanted.solve.max_rounds = 1;
    EXPECT_EQ(difference(free, decompose(context, dictionary, sample.view(), wanted)), "");
    return;
  }
  DecomposeOptions wanted = options(0.02f);
  wanted.solve.max_rounds = 1;
  wanted.solve.gap_tolerance = 1e-12;
  for (const RowReport& report : check(wanted).reports) EXPECT_EQ(report.rounds, 1);
}

TEST_P(Budget, OneIteration) {
  DecomposeOptions wanted = options(0.02f);
  wanted.solve.max_iterations = 1;
  if (GetParam() == SolverKind::working_set) {
    // Its budget is of rounds alone.
    const Dictionary dictionary(context, sample.atom_view());
    EXPECT_EQ(difference(decompose(context, dictionary, sample.view(), wanted),
                         decompose(context, dictionary, sample.view(), options(0.02f))), "");
    return;
  }
  for (const RowReport& report : check(wanted).reports) EXPECT_EQ(report.iterations, 1);
}

TEST_P(Budget, MoreOfItNeverMakesTheGapOfACertifiedRowFalse) {
  DecomposeOptions wanted = options(0.05f);
  for (const std::int32_t budget : {1, 2, 3, 5, 20}) {
    wanted.solve.max_iterations = budget;
    wanted.solve.max_rounds = budget;
    const Dictionary dictionary(context, sample.atom_view());
    const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
    const std::vector<RowReport> exact = certify(context, dictionary, sample.view(), result.codes, wanted);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      EXPECT_GE(result.reports[i].gap, exact[i].gap - 1e-12);
      EXPECT_TRUE(result.reports[i].status == RowStatus::budget_exhausted || exact[i].status == RowStatus::certified);
    }
  }
}

SPLICE_EACH_SOLVER(Budget);

/// ADMM's parameters change the way, not the answer.
TEST(AdmmParameters, LeadToTheSameAnswer) {
  const Context context(test_device().device);
  const SampleProblem sample = sample_problem(120, 24, test_rows(8), 112);
  const Dictionary dictionary(context, sample.atom_view());
  const splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(0.2f));
  for (const double rho : {1e-300, 1e-30, 1e-3, 0.1, 10.0, 1e3, 1e30, 1e300}) {
    for (const double relaxation : {1.0, 1.7, 1.99}) {
      DecomposeOptions wanted{.l1_penalty = 0.2f};
      wanted.solve = {.solver = SolverKind::admm, .max_iterations = 5000, .rho = rho, .over_relaxation = relaxation};
      const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
      EXPECT_EQ(result_disagreement(problem, sample, result), "") << "rho " << rho << ", relaxation " << relaxation;
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing
