// warm_start: it saves work, and never changes what is certified.

#include <algorithm>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class WarmStart : public EachSolver {
 protected:
  DecomposeResult solve(float l1_penalty, const SparseCodes* start, bool nonnegative = true) const {
    DecomposeOptions wanted = options(l1_penalty);
    wanted.warm_start = start;
    wanted.nonnegative = nonnegative;
    return decompose(context, dictionary, sample.view(), wanted);
  }

  /// Certified, and as the oracle has it.
  void expect_sound(const DecomposeResult& result, float l1_penalty, bool nonnegative = true) const {
    splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(l1_penalty));
    problem.any_sign = !nonnegative;
    EXPECT_EQ(result_disagreement(problem, sample, result), "");
  }

  /// Codes with a weight on every `step`-th atom.
  SparseCodes every(std::int32_t step, float (*weight)(std::int32_t)) const {
    SparseCodes codes{.rows = sample.rows, .cols = sample.atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      for (std::int32_t j = 0; j < sample.atoms; j += step) {
        codes.atom_indices.push_back(j);
        codes.values.push_back(weight(j));
      }
      codes.row_offsets.push_back(codes.nnz());
    }
    return codes;
  }

  static std::int64_t iterations(const DecomposeResult& result) {
    std::int64_t sum = 0;
    for (const RowReport& report : result.reports) sum += report.iterations;
    return sum;
  }

  SampleProblem sample = sample_problem(220, 36, test_rows(20), 81);
  Context context{test_device().device};
  Dictionary dictionary{context, sample.atom_view()};
};

TEST_P(WarmStart, FromANearbyPenalty) {
  const DecomposeResult near = solve(0.22f, nullptr);
  const DecomposeResult warm = solve(0.2f, &near.codes);
  expect_sound(warm, 0.2f);
  EXPECT_LE(iterations(warm), iterations(solve(0.2f, nullptr)));
}

TEST_P(WarmStart, FromTheAnswerItself) {
  const DecomposeResult cold = solve(0.2f, nullptr);
  const DecomposeResult warm = solve(0.2f, &cold.codes);
  expect_sound(warm, 0.2f);
  EXPECT_LE(iterations(warm), iterations(cold));
}

TEST_P(WarmStart, FromNothing) {
  const SparseCodes empty{.rows = sample.rows, .cols = sample.atoms,
                          .row_offsets = std::vector<std::int64_t>(static_cast<std::size_t>(sample.rows) + 1, 0),
                          .atom_indices = {}, .values = {}};
  EXPECT_EQ(difference(solve(0.2f, &empty), solve(0.2f, nullptr)), "");
}

TEST_P(WarmStart, FromAnotherRowsCodes) {
  DecomposeResult other = solve(0.1f, nullptr);
  SparseCodes shifted = other.codes;
  // Row i starts from what row i - 1 is made of.
  const std::int64_t last = shifted.l0(sample.rows - 1);
  std::rotate(shifted.atom_indices.begin(), shifted.atom_indices.end() - last, shifted.atom_indices.end());
  std::rotate(shifted.values.begin(), shifted.values.end() - last, shifted.values.end());
  shifted.row_offsets = {0, last};
  for (std::int64_t i = 0; i + 1 < sample.rows; ++i) {
    shifted.row_offsets.push_back(shifted.row_offsets.back() + other.codes.l0(i));
  }
  expect_sound(solve(0.2f, &shifted), 0.2f);
}

TEST_P(WarmStart, FromEveryAtom) {
  const SparseCodes all = every(1, [](std::int32_t) { return 0.3f; });
  expect_sound(solve(0.2f, &all), 0.2f);
}

TEST_P(WarmStart, FromNegativeWeights) {
  const SparseCodes negative = every(7, [](std::int32_t) { return -0.7f; });
  expect_sound(solve(0.2f, &negative), 0.2f);
  expect_sound(solve(0.2f, &negative, false), 0.2f, false);
}

TEST_P(WarmStart, FromHugeAndTinyWeights) {
  const SparseCodes large = every(5, [](std::int32_t j) { return j % 2 == 0 ? 1e10f : 1e-30f; });
  expect_sound(solve(0.2f, &large), 0.2f);
  const SparseCodes largest = every(5, [](std::int32_t j) {
    return j % 2 == 0 ? std::numeric_limits<float>::max() : std::numeric_limits<float>::denorm_min();
  });
  expect_sound(solve(0.2f, &largest), 0.2f);
  expect_sound(solve(0.2f, &largest, false), 0.2f, false);
}

TEST_P(WarmStart, OnBannedAtoms) {
  const DecomposeResult free = solve(0.2f, nullptr);
  const std::vector<std::int32_t> banned(free.codes.row_atoms(0).begin(), free.codes.row_atoms(0).end());
  ASSERT_FALSE(banned.empty());
  DecomposeOptions wanted = options(0.2f);
  wanted.banned_atoms = banned;
  wanted.warm_start = &free.codes;
  const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
  splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(0.2f));
  problem.weights.assign(static_cast<std::size_t>(sample.atoms), 1.0);
  for (const std::int32_t j : banned) problem.weights[static_cast<std::size_t>(j)] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(result_disagreement(problem, sample, result), "");
}

SPLICE_EACH_SOLVER(WarmStart);

}  // namespace
}  // namespace splice_cuda::testing
