// What a round makes of a row: what joins, which solver and phase follow, and what is claimed.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

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
  }
  /// A first pass, and rounds with bounds until no row waits for one.
  void solve_all(const KernelProblem& problem, int least_tier) {
    begin(problem, problem.atoms.size);
    for (int round = 0; round < 6; ++round) {
      screen_rows(device, problem, *rows);
      solve_rows(device, problem, *rows, least_tier);
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
    for (const int least_tier : {0, 1, 2}) {
      solve_all(problem, least_tier);
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
      EXPECT_GE(claimed, 5) << least_tier;
    }
  }
}

/// Nobody claims what the screening can't prove: atoms outside the list may have come up to lambda.
TEST_F(SolveRows, AResidualThatMovedTooFarIsScreenedAgain) {
  const KernelProblem problem(sample_problem(150, 24, 6, 1), options(0.2f, true));
  solve_all(problem, 1);
  const auto claimed = std::find(rows->phase.begin(), rows->phase.end(), RowPhase::claims) - rows->phase.begin();
  ASSERT_LT(claimed, 6);
  for (const float bound : {0.9f, 0.99999f}) {
    rows->phase[at(claimed)] = RowPhase::certifying;
    rows->unlisted_bound[at(claimed)] = bound * static_cast<float>(rows->lambda[at(claimed)]);
    solve_rows(device, problem, *rows, 1);
    EXPECT_EQ(rows->phase[at(claimed)], bound < 0.95f ? RowPhase::claims : RowPhase::certifying);
  }
}

/// At the residual that was screened nothing is computed: what violates by the list joins, the best first, as the list has it.
TEST_F(SolveRows, PicksAreTheBestOfTheList) {
  for (const bool nonnegative : {true, false}) {
    const KernelProblem problem(sample_problem(300, 24, 1, 1), options(0.2f, nonnegative));
    for (const int kept : {0, 5, 40}) {
      begin_certifying(problem);
      std::vector<std::int32_t> code(at(kept));
      for (int i = 0; i < kept; ++i) code[at(i)] = 7 * i;
      rows->set_code(0, code, std::vector<float>(at(kept), 0.1f));
      screen_rows(device, problem, *rows);
      std::vector<std::pair<float, std::int32_t>> violating;
      std::map<std::int32_t, float> listed;
      for (int i = 0; i < rows->list_count[0]; ++i) {
        const std::int32_t atom = rows->list_atoms[at(i)];
        const float value = rows->list_values[at(i)];
        const float size = nonnegative ? value : std::abs(value);
        listed[atom] = value;
        if (static_cast<double>(size) > rows->lambda[0] && !std::binary_search(code.begin(), code.end(), atom)) {
          violating.emplace_back(-size, atom);
        }
      }
      std::sort(violating.begin(), violating.end());
      ASSERT_GT(violating.size(), 70u);
      std::set<std::int32_t> best;
      for (int i = 0; i < (kept < 33 ? 32 : 64); ++i) best.insert(violating[at(i)].second);
      pick_rows(device, problem, *rows);
      const auto atoms = rows->pick_atoms.begin();
      EXPECT_EQ(std::set<std::int32_t>(atoms, atoms + rows->pick_count[0]), best);
      for (int i = 0; i < rows->pick_count[0]; ++i) EXPECT_EQ(rows->pick_values[at(i)], listed[rows->pick_atoms[at(i)]]);
      EXPECT_EQ(rows->waiting_for(kept == 0 ? cuda::guess_list(0) : kept < 33 ? cuda::guess_list(1) : cuda::solve_list(2)).size(), 1u) << kept;
    }
  }
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
    solve_rows(device, problem, *rows, 1);
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
  solve_rows(device, problem, *rows, 1);
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
      solve_rows(device, problem, *rows, 1);
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
  KernelProblem problem(sample_problem(150, 24, 1, 1), options(0.4f, true));
  for (const std::int32_t round : {2, 3, 4}) {
    solve_all(problem, 1);
    ASSERT_EQ(rows->phase[0], RowPhase::claims);
    const int left = rows->code_count[0] - 1;  // all but the last atom of the solution
    const std::int32_t missing = rows->code_atoms[at(left)];
    rows->code_count[0] = left;
    rows->phase[0] = RowPhase::warm;
    solve_rows(device, problem, *rows, 1);
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
    problem.remainder[at(missing)].error = 1e6f;  // what it adds is not true of this value
    rows->unlisted_bound[0] = -1e6f;
    rows->rounds[0] = round;
    solve_rows(device, problem, *rows, 1);
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
      solve_rows(device, problem, *rows);
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
  solve_rows(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::claims_exactly);
}

/// Rows wait for the smallest solver that holds their code: of those that guess, of those that solve, of those that check.
TEST_F(SolveRows, RowsWaitForTheSolverThatHoldsThem) {
  const KernelProblem problem(sample_problem(450, 400, 9, 3), options(0.3f, true));
  rows = std::make_unique<KernelRows>(9, problem.atoms.ld, 400, 450);
  rows->load(device, problem);
  const std::vector<int> counts = {0, 32, 33, 64, 65, 128, 129, 384, 385};
  const std::vector<int> tiers = {0, 0, 1, 1, 2, 2, 3, 3, 4};
  std::vector<std::int32_t> atoms(400);
  std::iota(atoms.begin(), atoms.end(), 0);
  const auto expect_lists = [&](auto list_of, bool last_round) {
    for (std::int64_t row = 0; row < 9; ++row) {
      rows->set_code(row, {atoms.begin(), atoms.begin() + counts[at(row)]}, std::vector<float>(at(counts[at(row)]), 0.1f));
    }
    const std::vector<RowPhase> before = rows->phase;
    pick_rows(device, problem, *rows, last_round);
    std::vector<std::vector<std::int32_t>> wanted(cuda::waiting_lists);
    for (std::int32_t row = 0; row < 8; ++row) wanted[at(list_of(tiers[at(row)]))].push_back(row);
    for (int list = 0; list < cuda::waiting_lists; ++list) EXPECT_EQ(rows->waiting_for(list), wanted[at(list)]) << list;
    for (std::size_t row = 0; row < 8; ++row) EXPECT_EQ(rows->phase[row], before[row]) << row;
    EXPECT_EQ(rows->phase[8], RowPhase::exact);
    EXPECT_EQ(rows->pick_count, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, 0, -77}));
  };
  std::fill(rows->phase.begin(), rows->phase.end(), RowPhase::warm);
  expect_lists(cuda::solve_list, false);
  std::fill(rows->list_count.begin(), rows->list_count.end(), 0);  // nothing violates
  std::fill(rows->phase.begin(), rows->phase.end(), RowPhase::certifying);
  expect_lists(cuda::solve_list, false);
  std::fill(rows->phase.begin(), rows->phase.end(), RowPhase::certifying);
  expect_lists(cuda::check_list, true);
  std::fill(rows->phase.begin(), rows->phase.end(), RowPhase::refused);
  expect_lists(cuda::check_list, false);
}

/// Codes of as many atoms as a solver holds are solved by it.
TEST_F(SolveRows, CodesThatJustFit) {
  const KernelProblem problem(sample_problem(450, 400, 1, 3), options(0.3f, true));
  const auto solve_from = [&](int count, RowPhase phase, auto kernel) {
    using Kernel = decltype(kernel);
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 400, 450);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms(at(count));
    std::iota(atoms.begin(), atoms.end(), 0);
    rows->set_code(0, atoms, std::vector<float>(at(count), 0.1f));
    rows->phase[0] = phase;
    rows->r = rows->z;
    rows->margin_level[0] = 0;
    screen_rows(device, problem, *rows);
    rows->unlisted_bound[0] = 1e6f;  // it may not claim
    rows->pick_count[0] = 0;
    rows->list_count[0] = 0;
    rows->let_wait(0, Kernel::list);
    solve_waiting<Kernel>(device, problem, *rows);
    EXPECT_EQ(rows->phase[0], RowPhase::certifying) << Kernel::name;
    EXPECT_FALSE(std::isnan(rows->r[0]));
    EXPECT_NE(rows->r, rows->z);
    EXPECT_LT(rows->code_count[0], count);
  };
  solve_from(32, RowPhase::certifying, cuda::TinyGuessRowsKernel());
  solve_from(64, RowPhase::certifying, cuda::SmallGuessRowsKernel());
  for (const RowPhase phase : {RowPhase::warm, RowPhase::certifying}) {
    solve_from(32, phase, cuda::TinySolveRowsKernel());
    solve_from(64, phase, cuda::SmallSolveRowsKernel());
    solve_from(128, phase, cuda::MediumSolveRowsKernel());
    solve_from(384, phase, cuda::LargeCheckRowsKernel());
  }
}

/// What joins within a round may be more than a solver holds: the next one goes on from there, in the same round.
TEST_F(SolveRows, RowsThatOutgrowASolverGoOnInTheNextOne) {
  const KernelProblem problem(sample_problem(150, 120, 1, 6), options(0.1f, true));
  const auto begin_with = [&](int kept) {
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 120, 150);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms(at(kept));
    std::iota(atoms.begin(), atoms.end(), 0);
    rows->set_code(0, atoms, std::vector<float>(at(kept), 0.1f));
    rows->phase[0] = RowPhase::certifying;
    rows->r = rows->z;
    rows->margin_level[0] = 0;
    screen_rows(device, problem, *rows);
    rows->unlisted_bound[0] = -1e6f;  // it may claim whatever it finds
    rows->pick_count[0] = 0;
  };
  // The code stands where what joins first is too much; else there is a new one.
  for (const int kept : {20, 0}) {
    begin_with(kept);
    if (kept > 0) {
      rows->let_wait(0, cuda::solve_list(0));
    } else {
      pick_rows(device, problem, *rows);
      EXPECT_EQ(rows->pick_count[0], 32);
    }
    solve_waiting<cuda::TinySolveRowsKernel>(device, problem, *rows);
    EXPECT_EQ(rows->phase[0], RowPhase::certifying);
    EXPECT_EQ(rows->pick_count[0], 0);
    EXPECT_EQ(rows->waiting_for(cuda::solve_list(1)), std::vector<std::int32_t>{0});
    if (kept > 0) {
      EXPECT_EQ(rows->code_count[0], kept);
      EXPECT_EQ(rows->r, rows->z);
    } else {
      EXPECT_GT(rows->code_count[0], 5);
      EXPECT_NE(rows->r, rows->z);
    }
    solve_waiting<cuda::SmallSolveRowsKernel>(device, problem, *rows);
    solve_waiting<cuda::MediumSolveRowsKernel>(device, problem, *rows);
    EXPECT_EQ(rows->phase[0], RowPhase::claims);
  }
  begin_with(115);
  rows->let_wait(0, cuda::solve_list(2));
  solve_waiting<cuda::MediumSolveRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->waiting_for(cuda::check_list(3)), std::vector<std::int32_t>{0});
  begin_with(60);
  rows->let_wait(0, cuda::check_list(1));
  solve_waiting<cuda::SmallCheckRowsKernel>(device, problem, *rows);
  EXPECT_EQ(rows->waiting_for(cuda::check_list(2)), std::vector<std::int32_t>{0});
}

/// Larger sets let fewer atoms join rather than pass the row on, as long as there is room for 16.
TEST_F(SolveRows, LargeSetsTakeWhatTheyHaveRoomFor) {
  const KernelProblem problem(sample_problem(400, 120, 1, 3), options(0.1f, true));
  for (const int kept : {32, 33, 112, 113}) {
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 120, 400);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms(at(kept));
    std::iota(atoms.begin(), atoms.end(), 0);
    rows->set_code(0, atoms, std::vector<float>(at(kept), 0.0f));
    rows->r = rows->z;
    rows->phase[0] = RowPhase::certifying;
    rows->margin_level[0] = 2;
    rows->misses[0] = 2;  // it has been guessed before
    screen_rows(device, problem, *rows);
    const auto violating = std::count_if(rows->list_values.begin(), rows->list_values.begin() + rows->list_count[0],
                                         [&](float value) { return static_cast<double>(value) > rows->lambda[0]; });
    ASSERT_GT(violating, kept + 64);
    pick_rows(device, problem, *rows);
    EXPECT_EQ(rows->pick_count[0], kept == 32 ? 32 : kept == 112 ? 16 : 64) << kept;
    EXPECT_EQ(rows->waiting_for(cuda::solve_list(kept == 32 ? 1 : kept == 113 ? 3 : 2)).size(), 1u) << kept;
  }
}

TEST_F(SolveRows, RowsInOtherPhasesAreLeftAlone) {
  const KernelProblem problem(sample_problem(60, 17, 4, 4), options(0.1f, true));
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->phase = {RowPhase::finished, RowPhase::exact, RowPhase::claims, RowPhase::claims_exactly};
  const std::vector<RowPhase> before = rows->phase;
  solve_rows(device, problem, *rows);
  EXPECT_EQ(rows->phase, before);
  EXPECT_EQ(rows->code_count, std::vector<std::int32_t>(4, 0));
}

TEST_F(SolveRows, PatienceAndBudgetEnd) {
  const KernelProblem problem(sample_problem(60, 17, 1, 5), options(0.1f, true));
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->misses[0] = 6;
  solve_rows(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::exact);
  begin(problem, 60);
  screen_rows(device, problem, *rows);
  rows->rounds[0] = problem.view.max_rounds;
  solve_rows(device, problem, *rows);
  EXPECT_EQ(rows->phase[0], RowPhase::claims_exactly);
}

}  // namespace
}  // namespace splice_cuda::testing
