#include "splice_cuda/group_differences.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "experiments/random_codes.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using Outcomes = std::vector<PermutationTest::Outcome>;

Outcomes run_test(const SparseCodes& codes, const std::vector<std::int32_t>& labels, std::int64_t permutations, std::uint64_t seed) {
  PermutationTest test(labels, 0, 1, permutations, seed);
  for (std::int64_t row = 0; row < codes.rows; ++row) test.add(row, codes.row_atoms(row), codes.row_values(row));
  return test.outcomes();
}

/// Student's |t| with pooled variance, of dense columns.
double pooled_t(const SparseCodes& codes, const std::vector<bool>& in_a, std::int32_t atom) {
  std::array<double, 2> mean{};
  std::array<double, 2> count{};
  for (std::size_t row = 0; row < in_a.size(); ++row) {
    const std::size_t side = in_a[row] ? 0 : 1;
    mean[side] += weight_at(codes, static_cast<std::int64_t>(row), atom);
    ++count[side];
  }
  for (const std::size_t side : {0u, 1u}) mean[side] /= count[side];
  double squares = 0;
  for (std::size_t row = 0; row < in_a.size(); ++row) {
    squares += std::pow(weight_at(codes, static_cast<std::int64_t>(row), atom) - mean[in_a[row] ? 0 : 1], 2);
  }
  return squares > 0 ? std::abs(mean[0] - mean[1]) / std::sqrt(squares / (count[0] + count[1] - 2) * (1 / count[0] + 1 / count[1])) : 0;
}

/// p-values over every one of the possible assignments: what permutations estimate.
std::vector<std::pair<double, double>> exhaustive(const SparseCodes& codes, const std::vector<std::int32_t>& labels) {
  std::vector<bool> truth;
  for (const std::int32_t label : labels) truth.push_back(label == 0);
  std::vector<bool> side(truth);
  std::sort(side.begin(), side.end());
  std::vector<double> observed;
  for (std::int32_t atom = 0; atom < codes.cols; ++atom) observed.push_back(pooled_t(codes, truth, atom));
  std::vector<std::pair<double, double>> p(observed.size());
  double assignments = 0;
  do {
    ++assignments;
    double largest = 0;
    std::vector<double> dealt;
    for (std::int32_t atom = 0; atom < codes.cols; ++atom) dealt.push_back(pooled_t(codes, side, atom));
    largest = *std::max_element(dealt.begin(), dealt.end());
    for (std::size_t j = 0; j < p.size(); ++j) {
      p[j].first += dealt[j] >= observed[j] * (1 - 1e-9) ? 1 : 0;
      p[j].second += largest >= observed[j] * (1 - 1e-9) ? 1 : 0;
    }
  } while (std::next_permutation(side.begin(), side.end()));
  for (auto& [alone, corrected] : p) {
    alone /= assignments;
    corrected /= assignments;
  }
  return p;
}

TEST(PermutationTest, ApproachesAllAssignments) {
  const SparseCodes codes = random_codes(10, 6, 0.6, 8);
  const std::vector<std::int32_t> labels = {0, 1, 1, 0, 1, 0, 1, 1, 0, 1};
  const auto expected = exhaustive(codes, labels);
  constexpr double count = 40000;
  const Outcomes found = run_test(codes, labels, static_cast<std::int64_t>(count), 1);
  ASSERT_EQ(found.size(), 6);
  for (std::size_t j = 0; j < 6; ++j) {
    const auto& [alone, corrected] = expected[j];
    EXPECT_NEAR(found[j].p, alone, 4.5 * std::sqrt(alone * (1 - alone) / count) + 1 / count);
    EXPECT_NEAR(found[j].p_corrected, corrected, 4.5 * std::sqrt(corrected * (1 - corrected) / count) + 1 / count);
    EXPECT_GE(found[j].p_corrected, found[j].p);
  }
}

TEST(PermutationTest, PassesOverOtherGroupsAndMissingRows) {
  const SparseCodes codes = random_codes(12, 5, 0.5, 9);
  const std::vector<std::int32_t> labels = {0, 1, 2, 0, -1, 1, 0, 1, 1, 0, 2, 1};
  PermutationTest test(labels, 0, 1, 500, 4);
  PermutationTest gaps(labels, 0, 1, 500, 4);
  for (std::int64_t row = 0; row < 12; ++row) {
    test.add(row, codes.row_atoms(row), codes.row_values(row));
    const bool other = labels[static_cast<std::size_t>(row)] < 0 || labels[static_cast<std::size_t>(row)] == 2;
    if (!other) gaps.add(row, codes.row_atoms(row), codes.row_values(row));
  }
  const Outcomes all = test.outcomes();
  const Outcomes some = gaps.outcomes();
  ASSERT_EQ(all.size(), some.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].p_corrected, some[i].p_corrected);
  EXPECT_THROW(test.add(12, {}, {}), ArgumentError);
  EXPECT_THROW(gaps.add(3, {}, {}), ArgumentError);
}

TEST(PermutationTest, RepeatsForASeed) {
  const SparseCodes codes = random_codes(60, 8, 0.3, 10);
  std::vector<std::int32_t> labels;
  for (std::int32_t i = 0; i < 60; ++i) labels.push_back(i % 3 == 0 ? 0 : 1);
  const Outcomes first = run_test(codes, labels, 200, 5);
  const Outcomes again = run_test(codes, labels, 200, 5);
  const Outcomes other = run_test(codes, labels, 200, 6);
  bool differs = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].p, again[i].p);
    differs |= first[i].p != other[i].p;
  }
  EXPECT_TRUE(differs);
}

TEST(PermutationTest, IsCalibratedWhereNothingDiffers) {
  constexpr int trials = 400;
  constexpr double level = 0.1;
  int rejected = 0;
  double tests = 0;
  std::array<double, 10> deciles{};
  for (int trial = 0; trial < trials; ++trial) {
    const SparseCodes codes = random_codes(40, 12, 0.4, 1000 + static_cast<std::uint64_t>(trial));
    std::vector<std::int32_t> labels;
    for (std::int32_t i = 0; i < 40; ++i) labels.push_back(i % 5 < 2 ? 0 : 1);
    bool any = false;
    for (const PermutationTest::Outcome& one : run_test(codes, labels, 199, static_cast<std::uint64_t>(trial))) {
      any |= one.p_corrected <= level;
      ++deciles[static_cast<std::size_t>(std::min(std::ceil(one.p * 10) - 1, 9.0))];
      ++tests;
    }
    rejected += any ? 1 : 0;
  }
  // Family-wise: never more than the level, and not idle either.
  const double error = std::sqrt(level * (1 - level) / trials);
  EXPECT_LT(rejected / static_cast<double>(trials), level + 3 * error);
  EXPECT_GT(rejected / static_cast<double>(trials), level - 3 * error);
  // Each concept alone: every tenth of the p-values has a tenth of them.
  for (const double count : deciles) EXPECT_NEAR(count / tests, 0.1, 4 * std::sqrt(0.09 / tests));
}

TEST(PermutationTest, FindsWhatDiffers) {
  SparseCodes codes = random_codes(80, 10, 0.4, 11);
  std::vector<std::int32_t> labels;
  for (std::int64_t row = 0; row < 80; ++row) {
    labels.push_back(row % 2 == 0 ? 0 : 1);
    for (std::int64_t i = codes.row_offsets[static_cast<std::size_t>(row)]; i < codes.row_offsets[static_cast<std::size_t>(row) + 1]; ++i) {
      if (row % 2 == 0 && codes.atom_indices[static_cast<std::size_t>(i)] == 4) codes.values[static_cast<std::size_t>(i)] += 2;
    }
  }
  for (const PermutationTest::Outcome& one : run_test(codes, labels, 999, 0)) {
    if (one.atom == 4) EXPECT_LE(one.p_corrected, 0.01);
    else EXPECT_GT(one.p_corrected, 0.05) << one.atom;
  }
}

TEST(PermutationTest, RefusesWhatCannotBeTested) {
  const std::vector<std::int32_t> labels = {0, 0, 1};
  EXPECT_THROW(PermutationTest(labels, 0, 0, 10, 0), ArgumentError);
  EXPECT_THROW(PermutationTest(labels, 0, 2, 10, 0), ArgumentError);
  EXPECT_THROW(PermutationTest(labels, 0, 1, 0, 0), ArgumentError);
}

TEST(CompareGroups, HasWelchErrors) {
  const SparseCodes codes = random_codes(50, 7, 0.5, 12);
  std::vector<std::int32_t> labels;
  for (std::int32_t i = 0; i < 50; ++i) labels.push_back(i < 18 ? 0 : 1);
  CodeStatistics statistics(2);
  statistics.add(labels, codes, {}, {});
  const std::vector<ConceptDifference> found = compare_groups(statistics.group(0), statistics.group(1));
  ASSERT_EQ(found.size(), 7);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_GE(std::abs(found[i > 0 ? i - 1 : 0].difference), std::abs(found[i].difference));
    std::array<double, 2> mean{};
    std::array<double, 2> square{};
    const std::array<double, 2> size = {18, 32};
    for (std::int64_t row = 0; row < 50; ++row) mean[row < 18 ? 0 : 1] += weight_at(codes, row, found[i].atom) / size[row < 18 ? 0 : 1];
    for (std::int64_t row = 0; row < 50; ++row) {
      square[row < 18 ? 0 : 1] += std::pow(weight_at(codes, row, found[i].atom) - mean[row < 18 ? 0 : 1], 2);
    }
    EXPECT_NEAR(found[i].difference, mean[0] - mean[1], 1e-14);
    EXPECT_NEAR(found[i].standard_error, std::sqrt(square[0] / 17 / 18 + square[1] / 31 / 32), 1e-14);
  }
  EXPECT_TRUE(compare_groups(statistics.group(0), CodeStatistics(1).group(0)).empty());
}

TEST(PermutationTest, StopsWhenItIsToldTo) {
  const std::vector<std::int32_t> labels = {0, 1, 0, 1};
  const std::vector<std::int32_t> atoms = {5};
  const std::vector<float> weights = {1};
  bool stop = false;
  PermutationTest test(labels, 0, 1, 10, 0, [&] { return stop; });
  test.add(0, atoms, weights);
  EXPECT_EQ(test.outcomes().size(), 1u);
  stop = true;
  EXPECT_THROW(test.outcomes(), CancelledError);
  EXPECT_THROW(test.add(1, atoms, weights), CancelledError);
}

}  // namespace
}  // namespace splice_cuda
