// Rows of every size of working set, lists that overflow, and starts of every kind end certified and as the oracle has
// it.

#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/emulation/kept_settings.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class SolverTiers : public ::testing::Test {
 protected:
  DecomposeResult solve(const SampleProblem& sample, float l1_penalty, const SparseCodes* start = nullptr,
                        bool nonnegative = true) const {
    DecomposeOptions options;
    options.l1_penalty = l1_penalty;
    options.warm_start = start;
    options.nonnegative = nonnegative;
    return decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
  }

  static std::string wrong(const SampleProblem& sample, float l1_penalty, const DecomposeResult& result,
                           bool nonnegative = true) {
    splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
    problem.any_sign = !nonnegative;
    return result_disagreement(problem, sample, result);
  }

  /// Codes with `count` atoms a row, from `first` on.
  static SparseCodes start_of(const SampleProblem& sample, std::int32_t first, std::int32_t count, float weight) {
    SparseCodes codes{.rows = sample.rows, .cols = sample.atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      for (std::int32_t j = 0; j < count; ++j) {
        codes.atom_indices.push_back(first + j);
        codes.values.push_back(weight);
      }
      codes.row_offsets.push_back(codes.nnz());
    }
    return codes;
  }

  Context context{Device::cuda(0)};
};

/// More than the largest float32 solver holds.
TEST_F(SolverTiers, SupportsThatOnlyFp64Holds) {
  const SampleProblem sample = row_of_many(410, 416, 400, 0.2f);
  const DecomposeResult result = solve(sample, 1e-4f);
  ASSERT_EQ(result.reports[0].status, RowStatus::certified);
  EXPECT_GT(result.codes.nnz(), 384);
  splice_oracle::Problem problem = oracle_problem(sample, 1e-4);
  const std::vector<double> z = oracle_row(sample, 0);
  const splice_oracle::Solution found = splice_oracle::evaluate(problem, z, dense_row(result.codes, 0));
  EXPECT_LE(found.gap, 2e-6 * found.primal + result.reports[0].gap);
}

/// Every float32 solver ends rows in a claim: none is left to fp64.
TEST_F(SolverTiers, SupportsOfEveryTier) {
  struct Case {
    std::int64_t parts;
    float l1;
    std::int64_t least;  ///< atoms of the support
    std::int64_t most;
  };
  for (const auto& [parts, l1, least, most] : {Case{20, 1.6f, 1, 32}, {45, 3, 33, 64}, {100, 3, 65, 128}, {100, 1.6f, 129, 384}}) {
    const SampleProblem sample = row_of_many(400, 288, parts, 0.3f);
    const std::int64_t before = emulation::launches_of("exact_row_kernel");
    const DecomposeResult result = solve(sample, l1);
    EXPECT_EQ(wrong(sample, l1, result), "") << least;
    EXPECT_GE(result.codes.nnz(), least);
    EXPECT_LE(result.codes.nnz(), most);
    EXPECT_EQ(emulation::launches_of("exact_row_kernel"), before) << least;
  }
}

TEST_F(SolverTiers, StartsWithMoreAtomsThanEveryTier) {
  const SampleProblem sample = sample_problem(450, 420, 1, 18);
  for (const std::int32_t count : {32, 33, 65, 128, 129, 385, 450}) {
    const SparseCodes start = start_of(sample, 0, count, 0.01f);
    EXPECT_EQ(wrong(sample, 0.2f, solve(sample, 0.2f, &start)), "") << count << " atoms";
  }
}

TEST_F(SolverTiers, GoodAndBadStarts) {
  const SampleProblem sample = sample_problem(220, 36, 5, 81);
  for (const bool nonnegative : {true, false}) {
    const DecomposeResult cold = solve(sample, 0.1f, nullptr, nonnegative);
    const DecomposeResult other = solve(sample, 0.4f, nullptr, nonnegative);
    for (const SparseCodes& start :
         {cold.codes, other.codes, start_of(sample, 5, 30, 0.3f), start_of(sample, 100, 36, -1e10f),
          start_of(sample, 0, 220, 1e-30f), start_of(sample, 0, 0, 0.0f)}) {
      EXPECT_EQ(wrong(sample, 0.1f, solve(sample, 0.1f, &start, nonnegative), nonnegative), "");
    }
    EXPECT_EQ(difference(cold, solve(sample, 0.1f, nullptr, nonnegative)), "");
  }
}

/// Rows without a code among others that have one, in one tile after the other, start as they do alone.
TEST_F(SolverTiers, SomeRowsStartFromNothing) {
  const SampleProblem sample = sample_problem(220, 36, 12, 82);
  const DecomposeResult cold = solve(sample, 0.1f);
  SparseCodes start{.rows = 12, .cols = 220, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  for (std::int64_t i = 0; i < 12; ++i) {
    if (i % 2 == 0) {
      start.atom_indices.insert(start.atom_indices.end(), cold.codes.row_atoms(i).begin(), cold.codes.row_atoms(i).end());
      start.values.insert(start.values.end(), cold.codes.row_values(i).begin(), cold.codes.row_values(i).end());
    }
    start.row_offsets.push_back(start.nnz());
  }
  const DecomposeResult mixed = solve(sample, 0.1f, &start);
  EXPECT_EQ(wrong(sample, 0.1f, mixed), "");
  for (std::int64_t i = 1; i < 12; i += 2) EXPECT_EQ(row_difference(cold, i, mixed, i), "");
}

/// Thousands of atoms near lambda: the list does not hold them, at any margin.
TEST_F(SolverTiers, ListsThatOverflow) {
  SampleProblem sample = sample_problem(2600, 8, 3, 19);
  for (std::size_t j = 0; j < 2600; ++j) {  // all within a narrow cone
    for (std::size_t k = 0; k < 8; ++k) {
      float& value = sample.dictionary[j * 8 + k];
      value = (k == 0 ? 1.0f : 0.0f) + 0.003f * value;
    }
  }
  for (std::size_t i = 0; i < 3 * 8; ++i) sample.embeddings[i] = i % 8 == 0 ? 1.0f : 0.2f * sample.embeddings[i];
  const DecomposeResult result = solve(sample, 1.8f);
  EXPECT_EQ(wrong(sample, 1.8f, result), "");
  // A first pass, and one with bounds at each of the margins before fp64 takes over.
  for (const RowReport& report : result.reports) EXPECT_GE(report.rounds, 4);
}

/// Lists grow with the dictionary: rows of a large one are not left to fp64.
TEST_F(SolverTiers, ListsOfLargeDictionaries) {
  for (const auto& [dim, share] : {std::pair<std::int64_t, float>{192, 0.25f}, {96, 0.4f}}) {
    const SampleProblem sample = sample_problem(60000, dim, 1, 23);
    const float norm = std::sqrt(std::inner_product(sample.embeddings.begin(), sample.embeddings.end(),
                                                    sample.embeddings.begin(), 0.0f));
    const std::int64_t before = emulation::launches_of("exact_row_kernel");
    const DecomposeResult result = solve(sample, share * norm);
    EXPECT_EQ(wrong(sample, share * norm, result), "") << dim;
    EXPECT_EQ(emulation::launches_of("exact_row_kernel"), before) << dim;
    EXPECT_LE(result.reports[0].rounds, 5) << dim;
  }
}

TEST_F(SolverTiers, RowsThatRunOutOfRounds) {
  const SampleProblem sample = sample_problem(600, 40, 8, 20);
  DecomposeOptions options;
  options.l1_penalty = 0.02f;
  options.solve.gap_tolerance = 1e-12;  // below what weights in float32 allow
  options.solve.max_rounds = 3;
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const RowReport& report = result.reports[static_cast<std::size_t>(i)];
    EXPECT_EQ(report.status, RowStatus::budget_exhausted);
    EXPECT_LE(report.rounds, 3);
    const std::vector<double> z = oracle_row(sample, i);
    const splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(0.02f));
    EXPECT_EQ(row_disagreement(problem, z, splice_oracle::solve(problem, z, 1e-10), dense_row(result.codes, i), report),
              "");
  }
}

/// Of kernels whose groups take rows from a queue, no group waits for another one's place: by four rows a block, and by what a multiprocessor holds of them.
TEST_F(SolverTiers, GroupsWithAQueueAreThereFromTheBeginning) {
  const emulation::KeptSettings settings;
  const SampleProblem sample = sample_problem(40, 8, 200, 24);
  for (const int multiprocessors : {1, 3, 20}) {
    emulation::settings().multiprocessors = multiprocessors;
    auto& counters = emulation::emulated_device(0)->memory()->counters;
    counters.groups_of.clear();
    const DecomposeResult result = solve(sample, 0.1f);
    for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
    const std::map<std::string, int> resident = {
        {"pick_rows_kernel", 24}, {"warp_guess_rows_kernel", 16}, {"warp_solve_rows_kernel", 12}, {"certify_screened_kernel", 12}};
    for (const auto& [kernel, groups] : resident) {
      EXPECT_EQ(counters.groups_of[kernel], std::min(200, groups * multiprocessors)) << kernel;
    }
  }
}

/// What a tile is said to cost is what it takes.
TEST_F(SolverTiers, TilesTakeNoMoreMemoryThanTheySay) {
  for (const auto& [atoms, dim, rows] :
       {std::array<std::int64_t, 3>{1, 1, 1}, {40, 8, 700}, {300, 65, 3}, {2500, 16, 40}, {8500, 4, 2}}) {
    const SampleProblem sample = sample_problem(atoms, dim, rows, 21);
    emulation::EmulatedDevice& device = *emulation::emulated_device(0);
    const Dictionary dictionary(context, sample.atom_view());
    for (const bool refit : {false, true}) {
      if (refit && atoms > 300) continue;
      DecomposeOptions options;
      options.refit = refit;
      const Problem problem = resolve_problem(context, dictionary, sample.view(), options);
      const TileCost cost = context.backend().tile_cost(problem);
      const std::size_t before = device.counters().bytes;
      device.reset_peak();
      decompose(context, dictionary, sample.view(), options);
      const std::size_t taken = device.counters().peak_bytes - before;
      const std::size_t said = cost.bytes(rows);
      EXPECT_LE(taken, said) << atoms << " x " << dim << ", " << rows << " rows";
      EXPECT_GE(4 * taken, cost.fixed_bytes / 64) << "the counter does not count";
      EXPECT_EQ(device.counters().bytes, before) << "a leak";
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing
