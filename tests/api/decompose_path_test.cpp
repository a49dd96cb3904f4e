// decompose_path: every penalty's result is sound, and what single calls give within certificates.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

const std::vector<float> grid = {0.9f, 0.6f, 0.45f, 0.4f, 0.38f, 0.2f, 0.1f, 0.03f};

class Path : public EachSolver {
 protected:
  std::vector<DecomposeResult> solve(MatrixView<const float> rows, const std::vector<float>& penalties,
                                     const DecomposeOptions& wanted, ContextOptions resources = {}) const {
    const Context context(test_device().device, std::move(resources));
    return decompose_path(context, Dictionary(context, sample.atom_view()), rows, penalties, wanted);
  }
  std::vector<DecomposeResult> solve() const { return solve(sample.view(), grid, options()); }

  SampleProblem sample = sample_problem(220, 36, std::max<std::int64_t>(test_rows(20), 8), 81);
};

TEST_P(Path, AgreesWithTheOracleAtEveryPenalty) {
  for (const bool nonnegative : {true, false}) {
    DecomposeOptions wanted = options();
    wanted.nonnegative = nonnegative;
    const std::vector<DecomposeResult> results = solve(sample.view(), grid, wanted);
    ASSERT_EQ(results.size(), grid.size());
    for (std::size_t step = 0; step < grid.size(); ++step) {
      splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(grid[step]));
      problem.any_sign = !nonnegative;
      EXPECT_EQ(result_disagreement(problem, sample, results[step]), "") << grid[step];
      for (const RowReport& report : results[step].reports) {
        EXPECT_EQ(report.l1_penalty, static_cast<double>(grid[step]));
        EXPECT_LE(report.rounds, options().solve.max_rounds);
      }
    }
  }
}

TEST_P(Path, AStartIsNotLookedAt) {
  const SparseCodes none;
  DecomposeOptions wanted = options();
  wanted.warm_start = &none;
  const std::vector<float> one = {0.3f};
  EXPECT_EQ(difference(solve(sample.view(), one, wanted).front(), solve(sample.view(), one, options()).front()), "");
}

TEST_P(Path, WeightsAndBansAreKept) {
  std::vector<float> weights(220, 1.0f);
  for (std::size_t j = 0; j < weights.size(); j += 4) weights[j] = 0.7f;
  const std::vector<std::int32_t> banned = {1, 2, 3, 50, 100};
  DecomposeOptions wanted = options();
  wanted.atom_weights = weights;
  wanted.banned_atoms = banned;
  const std::vector<DecomposeResult> results = solve(sample.view(), grid, wanted);
  splice_oracle::Problem problem = oracle_problem(sample, 1);
  problem.weights.assign(weights.begin(), weights.end());
  for (const std::int32_t atom : banned) problem.weights[static_cast<std::size_t>(atom)] = std::numeric_limits<double>::infinity();
  for (std::size_t step = 0; step < grid.size(); ++step) {
    problem.penalty = static_cast<double>(grid[step]) / 2;
    EXPECT_EQ(result_disagreement(problem, sample, results[step]), "") << grid[step];
  }
}

TEST_P(Path, OnePenaltyIsOneCall) {
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  const std::vector<DecomposeResult> path = solve(sample.view(), {0.25f}, options());
  ASSERT_EQ(path.size(), 1u);
  EXPECT_EQ(difference(path[0], decompose(context, dictionary, sample.view(), options(0.25f))), "");
}

TEST_P(Path, EmptyBatchAndIrregularRows) {
  for (const DecomposeResult& result : solve(sample.view().slice(0, 0), grid, options())) {
    EXPECT_EQ(result.codes.rows, 0);
    EXPECT_TRUE(result.reports.empty());
  }
  const std::vector<DecomposeResult> before = solve();
  sample.embeddings[static_cast<std::size_t>(sample.dim)] = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(sample.embeddings.begin() + 5 * sample.dim, sample.dim, 0.0f);
  const std::vector<DecomposeResult> after = solve();
  for (std::size_t step = 0; step < grid.size(); ++step) {
    EXPECT_EQ(after[step].reports[1].status, RowStatus::non_finite_input);
    EXPECT_EQ(after[step].reports[5].status, RowStatus::zero_embedding);
    EXPECT_EQ(after[step].reports[5].l1_penalty, static_cast<double>(grid[step]));
    for (const std::int64_t row : {0, 2, 3, 4, 6, 7}) EXPECT_EQ(row_difference(before[step], row, after[step], row), "");
  }
}

TEST_P(Path, SameBitsWhateverTheBatchThreadsAndMemory) {
  const std::vector<DecomposeResult> whole = solve(sample.view(), grid, options(), {.threads = 1});
  const auto threads = solve(sample.view(), grid, options(), {.threads = 3});
  const auto tight = solve(sample.view(), grid, options(), {.threads = 1, .memory_limit_bytes = test_device().tight_memory});
  for (std::size_t step = 0; step < grid.size(); ++step) {
    EXPECT_EQ(difference(whole[step], threads[step]), "");
    EXPECT_EQ(difference(whole[step], tight[step]), "");
  }
  for (std::int64_t first = 0; first < sample.rows; first += 7) {
    const std::int64_t count = std::min<std::int64_t>(7, sample.rows - first);
    const auto piece = solve(sample.view().slice(first, count), grid, options());
    for (std::size_t step = 0; step < grid.size(); ++step) {
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(row_difference(whole[step], first + i, piece[step], i), "");
    }
  }
}

TEST_P(Path, RefitIsOfEachPenaltysSupport) {
  DecomposeOptions wanted = options();
  const std::vector<DecomposeResult> plain = solve(sample.view(), grid, wanted);
  wanted.refit = true;
  const std::vector<DecomposeResult> refitted = solve(sample.view(), grid, wanted);
  for (std::size_t step = 0; step < grid.size(); ++step) {
    EXPECT_EQ(malformed(refitted[step].codes), "");
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      EXPECT_LE(refitted[step].codes.l0(i), plain[step].codes.l0(i));
      if (GetParam() != SolverKind::working_set || !test_device().follows_paths) continue;  // start from codes returned
      EXPECT_EQ(refitted[step].reports[static_cast<std::size_t>(i)].primal, plain[step].reports[static_cast<std::size_t>(i)].primal);
    }
  }
}

TEST_P(Path, CallbacksCountRowsNotPenalties) {
  std::int64_t last = 0;
  ContextOptions resources;
  resources.progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_LE(done, total);
    last = done;
  };
  solve(sample.view(), grid, options(), resources);
  EXPECT_EQ(last, sample.rows);
}

SPLICE_EACH_SOLVER(Path);

/// For devices that go along the path in one call: single calls do not promise it, with near duplicates. Warm starts of the
/// other solvers are tested on their own.
class FollowedPath : public Path {};

/// Fine steps over a wide range, near duplicates, penalties that only the fp64 path handles. Weights are float32: rounding
/// moves correlations by up to u |w|_1 and so the gap by up to u |w|_1^2 (atoms of unit norm, u = 2^-24), at any penalty. Where that
/// is more than the tolerance, the best code may miss it, by no more than that.
TEST_P(FollowedPath, ManyStepsDownToNothing) {
  for (std::int64_t j = 0; j < 50; ++j) {
    std::copy_n(sample.dictionary.begin() + j * sample.dim, sample.dim, sample.dictionary.begin() + (j + 50) * sample.dim);
    float& first = sample.dictionary[static_cast<std::size_t>((j + 50) * sample.dim)];
    first = std::nextafter(first, 2.0f);
  }
  std::vector<float> penalties;
  for (float penalty = 1.5f; penalty > 1e-4f; penalty *= 0.9f) penalties.push_back(penalty);
  DecomposeOptions wanted = options();
  wanted.solve.max_rounds = 20000;
  const std::vector<DecomposeResult> results = solve(sample.view(), penalties, wanted);
  for (std::size_t step = 0; step < penalties.size(); ++step) {
    ASSERT_EQ(malformed(results[step].codes), "");
    for (std::int64_t row = 0; row < sample.rows; ++row) {
      const RowReport& report = results[step].reports[static_cast<std::size_t>(row)];
      double l1 = 0;
      for (const float weight : results[step].codes.row_values(row)) l1 += std::abs(static_cast<double>(weight));
      if (report.gap <= 0x1p-24 * l1 * l1) continue;
      EXPECT_EQ(report.status, RowStatus::certified) << penalties[step] << ": gap " << report.gap << ", rounds " << report.rounds;
    }
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FollowedPath);
INSTANTIATE_TEST_SUITE_P(, FollowedPath,
                         ::testing::ValuesIn(test_device().follows_paths ? std::vector{SolverKind::working_set}
                                                                         : std::vector<SolverKind>{}),
                         parameter_name);

/// What it is for: fewer passes over the dictionary than single calls need.
TEST(PathOfWorkingSets, SavesPasses) {
  const SampleProblem sample = sample_problem(3000, 64, 40, 82);
  const Context context;  // on the CPU
  const Dictionary dictionary(context, sample.atom_view());
  const std::vector<float> penalties = {0.5f, 0.45f, 0.4f, 0.36f, 0.33f, 0.3f};
  double passes = 0;
  for (const DecomposeResult& result : decompose_path(context, dictionary, sample.view(), penalties)) {
    for (const RowReport& report : result.reports) passes += report.rounds;
  }
  double single = 0;
  for (const float penalty : penalties) {
    for (const RowReport& report : decompose(context, dictionary, sample.view(), {.l1_penalty = penalty}).reports) {
      single += report.rounds;
    }
  }
  EXPECT_LT(passes, 0.7 * single);
}

/// A certifying pass lists the next penalty's candidates too: some hundreds, more than the small problems take (nonnegative), and
/// more than there is room for (either sign), which leaves them unknown.
TEST(PathOfWorkingSets, StepsThatAreTooLargeForALook) {
  const SampleProblem sample = sample_problem(6000, 64, 12, 402);
  const Context context;  // on the CPU
  const Dictionary dictionary(context, sample.atom_view());
  const std::vector<float> penalties = {2.0f, 1.6f, 0.02f, 0.019f};
  for (const bool nonnegative : {true, false}) {
    DecomposeOptions wanted;
    wanted.nonnegative = nonnegative;
    const std::vector<DecomposeResult> path = decompose_path(context, dictionary, sample.view(), penalties, wanted);
    for (std::size_t step = 0; step < penalties.size(); ++step) {
      wanted.l1_penalty = penalties[step];
      const DecomposeResult plain = decompose(context, dictionary, sample.view(), wanted);
      for (std::size_t i = 0; i < 12; ++i) {
        SCOPED_TRACE(::testing::Message() << "row " << i << ", penalty " << penalties[step] << ", nonnegative " << nonnegative);
        const RowReport& report = path[step].reports[i];
        EXPECT_EQ(report.status, RowStatus::certified);
        EXPECT_LE(std::abs(report.primal - plain.reports[i].primal), std::max(report.gap, plain.reports[i].gap));
        EXPECT_GE(report.rounds, step == 2 ? 2 : 1);  // a refining pass, and the certifying one
        EXPECT_LE(report.rounds, step == 1 ? 2 : 6);  // one for the list that overflows
      }
    }
  }
}

/// A small last penalty leaves rows with a tableau over the atoms themselves; a first penalty beyond float32 is a start
/// without any tableau.
TEST(PathOfWorkingSets, ARowDoesNotHearOfTheOneThatHadItsPlace) {
  SampleProblem sample = sample_problem(240, 64, 150, 44);
  bundle_atoms(sample, 12);
  const Context context{Device::cpu(), {.threads = 1}};
  const Dictionary dictionary(context, sample.atom_view());
  const std::vector<float> penalties = {4e12f, 0.3f, 0.02f};
  const std::vector<DecomposeResult> together = decompose_path(context, dictionary, sample.view(), penalties);
  for (std::int64_t row = 0; row < sample.rows; row += 7) {
    const MatrixView<const float> one{sample.embeddings.data() + row * sample.dim, 1, sample.dim};
    const std::vector<DecomposeResult> alone = decompose_path(context, dictionary, one, penalties);
    for (std::size_t step = 0; step < penalties.size(); ++step) {
      EXPECT_EQ(row_difference(together[step], row, alone[step], 0), "") << "row " << row << ", penalty " << penalties[step];
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing
