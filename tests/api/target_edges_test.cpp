// Targets where they are hard to meet or mean nothing, and their bitwise promises.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/target_agreement.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

class TargetEdges : public ::testing::TestWithParam<bool> {
 protected:
  TargetEdges() { GetParam() ? set_l0(5) : set_cosine(0.9f); }

  void set_l0(std::int32_t l0) {
    options.target_l0 = l0;
    options.target_cosine = 0;
  }
  void set_cosine(float cosine) {
    options.target_l0 = 0;
    options.target_cosine = cosine;
  }
  DecomposeResult solve(const SampleProblem& problem, ContextOptions resources = {}) const {
    const Context context(test_device().device, std::move(resources));
    return decompose(context, Dictionary(context, problem.atom_view()), problem.view(), options);
  }
  std::string judged(const SampleProblem& problem, const DecomposeResult& result) const {
    return targets_disagreement(oracle_problem(problem, 1), problem, options, result);
  }
  /// Brute force at the penalties of the reports certifies every row.
  void expect_certified(const SampleProblem& problem, const DecomposeResult& result) const {
    ASSERT_EQ(malformed(result.codes), "");
    std::vector<float> penalties;
    for (const RowReport& report : result.reports) {
      penalties.push_back(static_cast<float>(report.l1_penalty));
      EXPECT_EQ(static_cast<double>(penalties.back()), report.l1_penalty);
    }
    DecomposeOptions given = options;
    given.l1_penalties = penalties;
    const Context context(test_device().device);
    const auto brute = certify(context, Dictionary(context, problem.atom_view()), problem.view(), result.codes, given);
    for (std::size_t i = 0; i < brute.size(); ++i) {
      EXPECT_EQ(brute[i].status, result.reports[i].status) << i << ": gap " << brute[i].gap;
      const double rounding = 1e-14 * brute[i].primal;  // of sums in another order
      EXPECT_LE(brute[i].gap, result.reports[i].gap * (1 + 1e-9) + rounding) << i;
      EXPECT_TRUE(options.target_l0 == 0 || result.codes.l0(static_cast<std::int64_t>(i)) <= options.target_l0);
    }
  }

  SampleProblem sample = sample_problem(300, 32, 40, 141);
  DecomposeOptions options;
};

TEST_P(TargetEdges, EmptyBatch) {
  SampleProblem none = sample;
  none.rows = 0;
  const DecomposeResult result = solve(none);
  EXPECT_EQ(result.codes.rows, 0);
  EXPECT_TRUE(result.reports.empty());
}

TEST_P(TargetEdges, OneAtom) {
  sample.atoms = 1;
  const DecomposeResult result = solve(sample);
  expect_certified(sample, result);
  EXPECT_EQ(judged(sample, result), "");
}

TEST_P(TargetEdges, MoreAtomsThanThereAreDimensions) {
  set_l0(1000);
  const DecomposeResult result = solve(sample);
  expect_certified(sample, result);
  for (std::int64_t i = 0; i < sample.rows; ++i) EXPECT_GE(result.codes.l0(i), 15);
}

TEST_P(TargetEdges, TheLargestTargets) {
  set_l0(std::numeric_limits<std::int32_t>::max());
  expect_certified(sample, solve(sample));
  set_cosine(std::nextafter(1.0f, 0.0f));
  expect_certified(sample, solve(sample));
  set_cosine(std::numeric_limits<float>::denorm_min());
  const DecomposeResult first = solve(sample);
  expect_certified(sample, first);
  for (std::int64_t i = 0; i < sample.rows; ++i) EXPECT_EQ(first.codes.l0(i), 1) << "any code has this cosine";
}

/// Atoms in a plane: nothing reaches what stands upright on it.
TEST_P(TargetEdges, ACosineOutOfReachEndsAtTheFloor) {
  for (std::int64_t j = 0; j < sample.atoms; ++j) {
    std::fill_n(sample.dictionary.begin() + j * sample.dim + 4, sample.dim - 4, 0.0f);
  }
  set_cosine(0.999f);
  const DecomposeResult result = solve(sample);
  expect_certified(sample, result);
  EXPECT_EQ(judged(sample, result), "");
}

TEST_P(TargetEdges, DuplicatesGiveAllToTheLowestIndex) {
  SampleProblem twice = sample;
  std::copy_n(sample.dictionary.begin(), 150 * sample.dim, twice.dictionary.begin() + 150 * sample.dim);
  SampleProblem once = sample;
  once.atoms = 150;
  const DecomposeResult result = solve(twice);
  expect_certified(twice, result);
  for (const std::int32_t atom : result.codes.atom_indices) EXPECT_LT(atom, 150);
  DecomposeResult same = result;
  same.codes.cols = 150;
  EXPECT_EQ(judged(once, same), "");
}

TEST_P(TargetEdges, NearDuplicates) {
  for (std::int64_t j = 0; j < 150; ++j) {
    for (std::int64_t k = 0; k < sample.dim; ++k) {
      const float value = sample.dictionary[static_cast<std::size_t>(j * sample.dim + k)];
      sample.dictionary[static_cast<std::size_t>((j + 150) * sample.dim + k)] = k == 0 ? std::nextafter(value, 2.0f) : value;
    }
  }
  expect_certified(sample, solve(sample));
  set_l0(20);
  expect_certified(sample, solve(sample));
}

/// All atoms enter at once, or in pairs.
TEST_P(TargetEdges, Ties) {
  SampleProblem ties{.atoms = 8, .dim = 8, .rows = 2, .dictionary = std::vector<float>(64, 0.0f), .embeddings = {}};
  for (std::size_t j = 0; j < 8; ++j) ties.dictionary[9 * j] = 1;
  ties.embeddings.assign(8, 0.5f);
  for (int k = 0; k < 8; ++k) ties.embeddings.push_back(static_cast<float>(1 + k / 2));
  const DecomposeResult result = solve(ties);
  expect_certified(ties, result);
  if (GetParam()) {
    EXPECT_EQ(result.codes.l0(0), 0) << "just below the first knot there are 8";
    EXPECT_EQ(result.codes.l0(1), 4) << "the third pair would make 6";
  } else {
    EXPECT_EQ(result.codes.l0(0), 8);
  }
}

TEST_P(TargetEdges, RowsWithoutAnyPositiveCorrelation) {
  SampleProblem away{.atoms = 2, .dim = 2, .rows = 3, .dictionary = {1, 0, 0, 1}, .embeddings = {-1, -2, -3e20f, -1, -1e-30f, 0}};
  const DecomposeResult result = solve(away);
  EXPECT_EQ(result.codes.nnz(), 0);
  expect_certified(away, result);
}

TEST_P(TargetEdges, IrregularRowsCostTheOthersNothing) {
  const DecomposeResult before = solve(sample);
  sample.embeddings[static_cast<std::size_t>(sample.dim)] = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(sample.embeddings.begin() + 5 * sample.dim, sample.dim, 0.0f);
  const DecomposeResult after = solve(sample);
  EXPECT_EQ(after.reports[1].status, RowStatus::non_finite_input);
  EXPECT_EQ(after.reports[5].status, RowStatus::zero_embedding);
  EXPECT_GT(after.reports[1].l1_penalty, 0);
  EXPECT_GT(after.reports[5].l1_penalty, 0);
  for (const std::int64_t row : {0, 2, 3, 4, 6, 39}) EXPECT_EQ(row_difference(before, row, after, row), "");
}

TEST_P(TargetEdges, HugeAndTinyRowsAndAtoms) {
  const DecomposeResult plain = solve(sample);
  for (const float scale : {0x1p-100f, 0x1p-20f, 0x1p50f, 0x1p100f}) {
    SampleProblem scaled = sample;
    for (float& value : scaled.embeddings) value *= scale;
    const DecomposeResult result = solve(scaled);
    expect_certified(scaled, result);
    EXPECT_EQ(result.codes.atom_indices, plain.codes.atom_indices) << scale;
    for (std::size_t i = 0; i < result.reports.size(); ++i) {
      EXPECT_EQ(result.reports[i].l1_penalty, plain.reports[i].l1_penalty * static_cast<double>(scale)) << scale;
    }
  }
  for (const float scale : {1e-6f, 1e6f}) {
    SampleProblem scaled = sample;
    for (float& value : scaled.dictionary) value *= scale;
    const DecomposeResult result = solve(scaled);
    expect_certified(scaled, result);
    EXPECT_EQ(judged(scaled, result), "") << scale;
  }
}

/// Where penalties are subnormal, the next larger one that float32 has may leave the code with fewer atoms; never with more.
TEST_P(TargetEdges, UnitsAtTheEdgeOfFloat32) {
  for (const float scale : {1e-41f, 1e-38f, 1e37f}) {
    SampleProblem scaled = sample;
    for (float& value : scaled.embeddings) value *= scale;
    const DecomposeResult result = solve(scaled);
    ASSERT_EQ(malformed(result.codes), "");
    for (std::int64_t i = 0; i < scaled.rows; ++i) {
      EXPECT_GT(result.reports[static_cast<std::size_t>(i)].l1_penalty, 0) << scale;
      EXPECT_TRUE(!GetParam() || result.codes.l0(i) <= 5) << scale;
    }
  }
}

TEST_P(TargetEdges, HalfPrecisionRowsGiveWhatTheirFloatsGive) {
  std::vector<Float16> half;
  for (float& value : sample.embeddings) {
    half.push_back(Float16{static_cast<std::uint16_t>(value < 0 ? 0xB800 : 0x3800)});  // +-0.5
    value = value < 0 ? -0.5f : 0.5f;
  }
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult narrow =
      decompose(context, dictionary, MatrixView<const Float16>{half.data(), sample.rows, sample.dim}, options);
  EXPECT_EQ(difference(narrow, solve(sample)), "");
  EXPECT_EQ(judged(sample, narrow), "");
}

TEST_P(TargetEdges, AWarmStartIsNotUsed) {
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult start = decompose(context, dictionary, sample.view(), {.l1_penalty = 0.1f});
  const DecomposeResult cold = solve(sample);
  options.warm_start = &start.codes;
  EXPECT_EQ(difference(cold, solve(sample)), "");
}

TEST_P(TargetEdges, RefitKeepsTheSupport) {
  const DecomposeResult plain = solve(sample);
  options.refit = true;
  const DecomposeResult refitted = solve(sample);
  for (std::int64_t i = 0; i < sample.rows; ++i) EXPECT_LE(refitted.codes.l0(i), plain.codes.l0(i));
  for (std::size_t i = 0; i < plain.reports.size(); ++i) {
    EXPECT_EQ(refitted.reports[i].l1_penalty, plain.reports[i].l1_penalty);
  }
}

/// Rows that run out of rounds have a true gap at the penalty they had got to, and no more atoms than asked for.
TEST_P(TargetEdges, BudgetsThatRunOut) {
  options.solve.max_rounds = 1;
  options.solve.gap_tolerance = 1e-12;
  const DecomposeResult result = solve(sample);
  expect_certified(sample, result);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.rounds, 1);
}

/// More than are candidates from the beginning: the same penalties, whatever device finds them.
TEST_P(TargetEdges, MoreAtomsThanCandidates) {
  const SampleProblem many = sample_problem(1700, 48, 4, 143);
  for (const bool nonnegative : {true, false}) {
    options.nonnegative = nonnegative;
    GetParam() ? set_l0(30) : set_cosine(0.97f);
    const DecomposeResult result = solve(many);
    expect_certified(many, result);
    const Context cpu;
    const DecomposeResult wanted = decompose(cpu, Dictionary(cpu, many.atom_view()), many.view(), options);
    for (std::size_t i = 0; i < result.reports.size(); ++i) {
      EXPECT_NEAR(result.reports[i].l1_penalty, wanted.reports[i].l1_penalty, 3e-7 * wanted.reports[i].l1_penalty);
    }
  }
}

/// All rows on the fp64 path: a penalty so near 0 that screening cannot separate.
TEST_P(TargetEdges, TheFp64PathGivesTheSameAnswers) {
  set_l0(28);
  const DecomposeResult low = solve(sample);
  EXPECT_EQ(judged(sample, low), "");
  set_cosine(0.9999f);
  const DecomposeResult near = solve(sample);
  EXPECT_EQ(judged(sample, near), "");
}

TEST_P(TargetEdges, SameBitsWhateverTheBatchThreadsAndMemory) {
  const DecomposeResult whole = solve(sample, {.threads = 1});
  EXPECT_EQ(difference(whole, solve(sample, {.threads = 5})), "");
  EXPECT_EQ(difference(whole, solve(sample, {.threads = 1, .memory_limit_bytes = std::max(std::size_t{40} << 20, test_device().tight_memory)})), "");
  SampleProblem reversed = sample;
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    std::copy_n(sample.view().row(i), sample.dim, reversed.embeddings.begin() + (sample.rows - 1 - i) * sample.dim);
  }
  const DecomposeResult backward = solve(reversed);
  for (std::int64_t i = 0; i < sample.rows; ++i) ASSERT_EQ(row_difference(whole, i, backward, sample.rows - 1 - i), "");
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  for (const std::int64_t part : {1, 7}) {
    for (std::int64_t first = 0; first < sample.rows; first += part) {
      const std::int64_t count = std::min(part, sample.rows - first);
      const DecomposeResult piece = decompose(context, dictionary, sample.view().slice(first, count), options);
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(row_difference(whole, first + i, piece, i), "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, TargetEdges, ::testing::Bool(),
                         [](const auto& parameters) { return std::string(parameters.param ? "l0" : "cosine"); });

/// Real vectors: most of the words that a row's path takes in are no neighbours of the row.
TEST(TargetsOfRealVectors, AgreeWithTheOraclesPath) {
  SPLICE_NEEDS_DATA("text15k");
  const auto sample = real_problem(10, 12);
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample->atom_view());
  for (DecomposeOptions options : {DecomposeOptions{.target_l0 = 10}, DecomposeOptions{.target_cosine = 0.7f}}) {
    const DecomposeResult result = decompose(context, dictionary, sample->view(), options);
    EXPECT_EQ(targets_disagreement(oracle_problem(*sample, 1), *sample, options, result), "");
  }
}

}  // namespace
}  // namespace splice_cuda::testing
