// What a round makes of a row: which phase and tier follow, and what is claimed.

#include <cmath>

#include "core/half.hpp"
#include "cuda/solve_stages.hpp"
#include "support/agreement.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::RowPhase;

class SolveRows : public WatchedKernels {
 protected:
  void begin(const KernelProblem& problem, std::int64_t list_capacity) {
    rows = std::make_unique<KernelRows>(problem.sample.rows, problem.atoms.ld, 64, list_capacity);
    rows->load(device, problem);
  }
  /// One row without a code that has to be screened with bounds.
  void begin_certifying(const KernelProblem& problem) {
    begin(problem, problem.atoms.size);
    rows->set_code(0, {}, {});
    rows->phase[0] = RowPhase::certifying;
    rows->r = rows->z;
    rows->margin_level[0] = 0;
    rows->tier[0] = cuda::SmallSolveRowsKernel::tier;
  }
  /// A first pass, and rounds with bounds until no row waits for one.
  template <class Kernel>
  void solve_all(const KernelProblem& problem) {
    begin(problem, problem.atoms.size);
    std::fill(rows->tier.begin(), rows->tier.end(), Kernel::tier);
    for (int round = 0; round < 6; ++round) {
      screen_rows(device, problem, *rows);
      solve_rows<Kernel>(device, problem, *rows);
      if (round > 0) continue;
      for (const RowPhase phase : rows->phase) EXPECT_EQ(phase, RowPhase::certifying);
    }
  }
  std::unique_ptr<KernelRows> rows;
};

TEST_F(SolveRows, RowsThatClaimAreSolved) {
  for (const bool nonnegative : {true, false}) {
    const KernelProblem problem(sample_problem(150, 24, 6, 1), options(0.4f, nonnegative));
    splice_oracle::Problem oracle = oracle_problem(problem.sample, static_cast<double>(0.4f));
    oracle.any_sign = !nonnegative;
    const auto check = [&](int least) {
      int claimed = 0;
      for (std::int64_t i = 0; i < 6; ++i) {
        if (rows->phase[at(i)] != RowPhase::claims) continue;
        ++claimed;
        std::vector<double> w(150);
        for (int e = 0; e < rows->code_count[at(i)]; ++e) {
          w[at(rows->code_atoms[at(i * 64 + e)])] =
              std::ldexp(static_cast<double>(rows->code_weights[at(i * 64 + e)]), -rows->exponent[at(i)]);
        }
        const splice_oracle::Solution found = splice_oracle::evaluate(oracle, oracle_row(problem.sample, i), w);
        double square = 0;
        for (const double value : oracle_row(problem.sample, i)) square += value * value;
        EXPECT_LE(found.gap, 1e-6 * 0.5 * square);
      }
      EXPECT_GE(claimed, least);
    };
    solve_all<cuda::TinySolveRowsKernel>(problem);
    check(1);  // the others outgrow it
    solve_all<cuda::SmallSolveRowsKernel>(problem);
    check(5);
    solve_all<cuda::MediumSolveRowsKernel>(problem);
    check(5);
  }
}

/// Nobody claims what the screening can't prove: atoms outside the list may have come up to lambda.
TEST_F(SolveRows, AResidualThatMovedTooFarIsScreenedAgain) {
  const KernelProblem problem(sample_problem(150, 24, 6, 1), options(0.2f, true));
  solve_all<cuda::SmallSolveRowsKernel>(problem);
  const auto claimed = std::find(rows->phase.begin(), rows->phase.end(), RowPhase::claims) - rows->phase.begin();
  ASSERT_LT(claimed, 6);
  for (const float bound : {0.9f, 0.99999f}) {
    rows->phase[at(claimed)] = RowPhase::certifying;
    rows->unlisted_bound[at(claimed)] = bound * static_cast<float>(rows->lambda[at(claimed)]);
    solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
    EXPECT_EQ(rows->phase[at(claimed)], bound < 0.95f ? RowPhase::claims : RowPhase::certifying);
  }
}

/// At the residual that was screened nothing is computed: of a round that can't claim, candidates have the list's values.
TEST_F(SolveRows, WhatTheListSaysToViolateJoinsWithoutAProduct) {
  const KernelProblem problem(sample_problem(150, 24, 1, 1), options(0.4f, true));
  begin_certifying(problem);
  screen_rows(device, problem, *rows);
  rows->unlisted_bound[0] = static_cast<float>(2 * rows->lambda[0]);
  std::vector<float> products(300, std::nanf(""));
  std::vector<std::int32_t> candidates(cuda::candidate_lists * products.size());
  rows->let_wait(cuda::SmallSolveRowsKernel::tier);
  device.launch<cuda::SmallSolveRowsKernel>(
      1, {problem.atoms, problem.view, rows->view, rows->screen, products.data(), candidates.data(), nullptr, {}}, 2);
  EXPECT_EQ(rows->phase[0], RowPhase::certifying);
  EXPECT_GT(rows->code_count[0], 3);
  int candidates_found = 0;
  for (const float product : products) {
    if (std::isnan(product)) continue;
    ++candidates_found;
    EXPECT_NE(std::find(rows->list_values.begin(), rows->list_values.begin() + rows->list_count[0], product),
              rows->list_values.begin() + rows->list_count[0]);
  }
  EXPECT_GT(candidates_found, 3);
}

/// The residual of a round that has far to go is that of the atoms' high parts; of one that may claim, that of the atoms.
TEST_F(SolveRows, RoundsThatCannotEndInAClaimAreGuesses) {
  const KernelProblem problem(sample_problem(150, 24, 1, 1), options(0.4f, true));
  const auto error_of = [&](bool of_high_parts) {
    double worst = 0;
    for (std::int64_t k = 0; k < 24; ++k) {
      long double sum = rows->z[at(k)];
      for (int e = 0; e < rows->code_count[0]; ++e) {
        const std::int32_t atom = rows->code_atoms[at(e)];
        const float high = to_float(problem.halves[at(2 * atom * problem.atoms.ld + k)]) * problem.half_scales[at(atom)];
        sum -= static_cast<long double>(rows->code_weights[at(e)]) * (of_high_parts ? high : problem.atom(atom)[k]);
      }
      worst = std::max(worst, static_cast<double>(std::abs(sum - static_cast<long double>(rows->r[at(k)]))));
    }
    return worst;
  };
  begin_certifying(problem);
  for (int round = 0; round < 4 && rows->phase[0] == RowPhase::certifying; ++round) {
    screen_rows(device, problem, *rows);
    solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
    EXPECT_GT(rows->code_count[0], 3);
    const bool claims = rows->phase[0] == RowPhase::claims;
    EXPECT_TRUE(claims || round < 3);
    if (claims || round == 0) {
      EXPECT_LE(error_of(!claims), 2e-6);
      EXPECT_GE(error_of(claims), 1e-5);
    }
  }
  begin_certifying(problem);
  rows->misses[0] = 2;  // it has been guessed before
  screen_rows(device, problem, *rows);
  solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
  EXPECT_LE(error_of(false), 2e-6);
}

/// Claims are left to the certificate to check, but where one was refused, or where nobody screens what it would refuse.
TEST_F(SolveRows, WhoMayNotBeRefusedAgainChecksBeforeItClaims) {
  KernelProblem problem(sample_problem(150, 24, 1, 1), options(0.4f, true));
  for (std::int64_t j = 0; j < 150; ++j) {  // Gram matrices err by what the low parts are
    std::fill_n(problem.halves.begin() + (2 * j + 1) * problem.atoms.ld, problem.atoms.ld, Float16{});
  }
  const auto worst_of_support = [&] {
    double worst = 0;
    for (int e = 0; e < rows->code_count[0]; ++e) {
      const float* atom = problem.atom(rows->code_atoms[at(e)]);
      double product = 0;
      for (std::int64_t k = 0; k < 24; ++k) product += static_cast<double>(atom[k]) * static_cast<double>(rows->r[at(k)]);
      worst = std::max(worst, std::abs(product * problem.view.inverse[rows->code_atoms[at(e)]] - rows->lambda[0]));
    }
    return worst;
  };
  /// @returns the round that claims
  const auto solve_until_claimed = [&](RowPhase phase, int last_round) {
    begin_certifying(problem);
    rows->phase[0] = phase;
    int round = 0;
    for (; round < 6; ++round) {
      rows->misses[0] = 2;  // it has been guessed before
      screen_rows(device, problem, *rows);
      if (round == last_round) rows->rounds[0] = problem.view.max_rounds;
      solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
      if (rows->phase[0] == RowPhase::claims) break;
      EXPECT_EQ(rows->phase[0], phase);
    }
    EXPECT_LT(round, 6);
    return round;
  };
  const int last = solve_until_claimed(RowPhase::certifying, -1);
  EXPECT_GT(worst_of_support(), 1e-5);
  EXPECT_EQ(solve_until_claimed(RowPhase::certifying, last), last);
  EXPECT_LT(worst_of_support(), 1e-6);
  solve_until_claimed(RowPhase::refused, -1);
  EXPECT_LT(worst_of_support(), 1e-6);
  problem.view.gap_tolerance = 1e-8;  // for which what pivots leave could be too much
  solve_until_claimed(RowPhase::certifying, -1);
  EXPECT_LT(worst_of_support(), 1e-6);
}

/// An atom that violates, but whose int8 copy says less by more than such copies hardly err: seen from the fourth round on.
TEST_F(SolveRows, EarlyRoundsLookAtWhatIsLikelyToViolate) {
  const KernelProblem problem(sample_problem(150, 24, 1, 1), options(0.4f, true));
  for (const std::int32_t round : {2, 3, 4}) {
    solve_all<cuda::SmallSolveRowsKernel>(problem);
    ASSERT_EQ(rows->phase[0], RowPhase::claims);
    const int left = rows->code_count[0] - 1;  // all but the last atom of the solution
    const std::int32_t missing = rows->code_atoms[at(left)];
    rows->code_count[0] = left;
    rows->phase[0] = RowPhase::warm;
    solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
    ASSERT_EQ(rows->phase[0], RowPhase::certifying);
    screen_rows(device, problem, *rows);
    double moved = 0;
    for (std::int64_t k = 0; k < 24; ++k) {
      const double change = static_cast<double>(rows->r[at(k)] - rows->scale[0] * static_cast<float>(rows->q[at(k)]));
      moved += change * change;
    }
    const auto lambda = static_cast<float>(rows->lambda[0]);
    const float error = problem.view.screen_error[missing] * rows->norm[0];
    const auto entry = std::find(rows->list_atoms.begin(), rows->list_atoms.begin() + rows->list_count[0], missing);
    ASSERT_LT(entry - rows->list_atoms.begin(), rows->list_count[0]);
    float& value = rows->list_values[at(entry - rows->list_atoms.begin())];
    ASSERT_GT(value, lambda);
    value = lambda - problem.view.atom_norm * static_cast<float>(std::sqrt(moved)) - 0.6f * error;
    rows->unlisted_bound[0] = -1e6f;
    rows->rounds[0] = round;
    solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
    EXPECT_EQ(rows->phase[0], RowPhase::claims);
    const auto code = rows->code_atoms.begin();
    EXPECT_EQ(std::find(code, code + rows->code_count[0], missing) != code + rows->code_count[0], round > 3) << round;
  }
}

TEST_F(SolveRows, ListsThatOverflowAreMadeWithANarrowerMargin) {
  const KernelProblem problem(sample_problem(60, 17, 1, 2), options(0.1f, true));
  for (const std::int32_t count : {8, 9}) {
    begin(problem, 8);
    rows->set_code(0, {}, {});
    rows->phase[0] = RowPhase::certifying;
    rows->rounds[0] = 2;
    rows->margin_level[0] = 0;
    rows->r = rows->z;
    screen_rows(device, problem, *rows);
    rows->list_count[0] = count;
    std::iota(rows->list_atoms.begin(), rows->list_atoms.end(), 0);
    std::fill(rows->list_values.begin(), rows->list_values.end(), 0.0f);
    for (const std::int32_t level : {1, 2, 3}) {
      solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
      if (count == 8) break;
      EXPECT_EQ(rows->margin_level[0], level);
      EXPECT_EQ(rows->phase[0], level < 3 ? RowPhase::certifying : RowPhase::exact);
      EXPECT_EQ(rows->code_count[0], 0);
    }
    if (count == 8) {  // just as many as there is room for
      EXPECT_EQ(rows->margin_level[0], 1);
      EXPECT_EQ(rows->misses[0] + static_cast<int>(rows->phase[0] == RowPhase::claims), 1);
    }
  }
  begin(problem, 8);
  rows->phase[0] = RowPhase::certifying;
  rows->margin_level[0] = 0;
  rows->list_count[0] = 9;
  rows->rounds[0] = problem.view.max_rounds;
  solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::claims_exactly);
}

/// The first solver sends rows to the ones that hold them, those that outgrow it, too; the others look at no other rows.
TEST_F(SolveRows, RowsWaitForTheSolverThatHoldsThem) {
  const KernelProblem problem(sample_problem(150, 140, 6, 3), options(0.3f, true));
  rows = std::make_unique<KernelRows>(6, problem.atoms.ld, 150, 150);
  rows->load(device, problem);
  std::vector<std::int32_t> atoms(33);
  std::iota(atoms.begin(), atoms.end(), 0);
  for (std::int64_t row = 0; row < 6; ++row) rows->set_code(row, atoms, std::vector<float>(33, 0.1f));
  rows->code_count[0] = 32;
  std::fill(rows->phase.begin(), rows->phase.end(), RowPhase::warm);
  rows->tier = {0, 2, 0, 1, 3, 1};
  solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
  const auto waiting = [&](int solver) {
    const auto first = rows->waiting.begin() + (solver - 1) * 6;
    return std::vector<std::int32_t>(first, first + rows->waiting_count[at(solver - 1)]);
  };
  EXPECT_EQ(waiting(1), (std::vector<std::int32_t>{2, 3, 5}));
  EXPECT_EQ(waiting(2), (std::vector<std::int32_t>{1}));
  EXPECT_EQ(waiting(3), (std::vector<std::int32_t>{4}));
  EXPECT_EQ(rows->tier, (std::vector<std::int32_t>{0, 2, 1, 1, 3, 1}));
  EXPECT_EQ(rows->phase[0], RowPhase::certifying);
  for (const int row : {1, 2, 3, 4, 5}) EXPECT_EQ(rows->phase[at(row)], RowPhase::warm) << row;

  rows->tier[5] = 2;  // no longer in the list of the second one
  solve_rows<cuda::SmallSolveRowsKernel>(device, problem, *rows);
  for (const int row : {2, 3}) EXPECT_EQ(rows->phase[at(row)], RowPhase::certifying) << row;
  for (const int row : {1, 4, 5}) EXPECT_EQ(rows->phase[at(row)], RowPhase::warm) << row;
}

/// Codes of as many atoms as a solver holds are solved, those of one more go to the next.
TEST_F(SolveRows, CodesThatJustFitAndOnesThatDoNot) {
  const KernelProblem problem(sample_problem(150, 140, 1, 3), options(0.3f, true));
  const auto solve_from = [&](int count, auto kernel) {
    using Kernel = decltype(kernel);
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 150, 150);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms(at(count));
    std::iota(atoms.begin(), atoms.end(), 0);
    rows->set_code(0, atoms, std::vector<float>(at(count), 0.1f));
    rows->phase[0] = RowPhase::warm;
    rows->tier[0] = Kernel::tier;
    solve_rows<Kernel>(device, problem, *rows);
    if (rows->tier[0] == Kernel::tier) {
      EXPECT_EQ(rows->phase[0], RowPhase::certifying);
      EXPECT_FALSE(std::isnan(rows->r[0]));
      return true;
    }
    EXPECT_EQ(rows->tier[0], Kernel::tier + 1);
    EXPECT_EQ(rows->phase[0], RowPhase::warm);
    EXPECT_EQ(rows->code_count[0], count);
    return false;
  };
  EXPECT_TRUE(solve_from(0, cuda::TinySolveRowsKernel()));
  EXPECT_TRUE(solve_from(32, cuda::TinySolveRowsKernel()));
  EXPECT_FALSE(solve_from(33, cuda::TinySolveRowsKernel()));
  EXPECT_TRUE(solve_from(64, cuda::SmallSolveRowsKernel()));
  EXPECT_FALSE(solve_from(65, cuda::SmallSolveRowsKernel()));
  EXPECT_TRUE(solve_from(128, cuda::MediumSolveRowsKernel()));
  EXPECT_FALSE(solve_from(129, cuda::MediumSolveRowsKernel()));
}

/// The solver in a block's registers lets fewer atoms join rather than pass the row on, as long as there is room for 16.
TEST_F(SolveRows, LargeSetsTakeWhatTheyHaveRoomFor) {
  const KernelProblem problem(sample_problem(400, 120, 1, 3), options(0.1f, true));
  for (const int kept : {30, 112, 113}) {
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 120, 400);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms(at(kept));
    std::iota(atoms.begin(), atoms.end(), 0);
    rows->set_code(0, atoms, std::vector<float>(at(kept), 0.0f));
    rows->r = rows->z;
    rows->phase[0] = RowPhase::certifying;
    rows->margin_level[0] = 2;
    rows->tier[0] = cuda::MediumSolveRowsKernel::tier;
    screen_rows(device, problem, *rows);
    const auto violating = std::count_if(rows->list_values.begin(), rows->list_values.begin() + rows->list_count[0],
                                         [&](float value) { return static_cast<double>(value) > rows->lambda[0]; });
    ASSERT_GT(violating, kept + 64);
    rows->unlisted_bound[0] = static_cast<float>(2 * rows->lambda[0]);  // one step
    solve_rows<cuda::MediumSolveRowsKernel>(device, problem, *rows);
    EXPECT_EQ(rows->tier[0], kept == 113 ? 3 : 2) << kept;
    EXPECT_EQ(rows->code_count[0] > 0 && rows->iterations[0] > 0, kept != 113) << kept;
  }
}

TEST_F(SolveRows, RowsOfOtherTiersAndPhasesAreLeftAlone) {
  const KernelProblem problem(sample_problem(60, 17, 4, 4), options(0.1f, true));
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->tier = {1, 0, 0, 0};
  rows->phase = {RowPhase::first_pass, RowPhase::finished, RowPhase::exact, RowPhase::claims};
  const std::vector<RowPhase> before = rows->phase;
  solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->phase, before);
  EXPECT_EQ(rows->code_count, std::vector<std::int32_t>(4, 0));
}

TEST_F(SolveRows, PatienceAndBudgetEnd) {
  const KernelProblem problem(sample_problem(60, 17, 1, 5), options(0.1f, true));
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->misses[0] = 6;
  solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::exact);
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->rounds[0] = problem.view.max_rounds;
  solve_rows<cuda::TinySolveRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::claims_exactly);
}

}  // namespace
}  // namespace splice_cuda::testing
