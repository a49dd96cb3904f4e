// Rows and shapes at the edge: each gets its status, and the others do not notice.

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class SpecialRows : public EachSolver {
 protected:
  DecomposeResult solve(const SampleProblem& rows) const {
    return decompose(context, Dictionary(context, rows.atom_view()), rows.view(), options());
  }
  void set_row(SampleProblem& rows, std::int64_t row, float value) const {
    std::fill_n(rows.embeddings.begin() + row * rows.dim, rows.dim, value);
  }

  Context context{test_device().device};
  SampleProblem sample = sample_problem(200, 33, 9, 41);
};

TEST_P(SpecialRows, ABadRowCostsTheOthersNothing) {
  const DecomposeResult before = solve(sample);
  const float inf = std::numeric_limits<float>::infinity();
  sample.embeddings[static_cast<std::size_t>(1 * sample.dim)] = std::numeric_limits<float>::quiet_NaN();
  sample.embeddings[static_cast<std::size_t>(4 * sample.dim - 1)] = -inf;
  set_row(sample, 5, 0.0f);
  set_row(sample, 7, -0.0f);
  const DecomposeResult after = solve(sample);
  ASSERT_EQ(malformed(after.codes), "");
  for (const std::int64_t row : {1, 3}) {
    EXPECT_EQ(after.reports[static_cast<std::size_t>(row)].status, RowStatus::non_finite_input);
    EXPECT_TRUE(std::isnan(after.reports[static_cast<std::size_t>(row)].gap));
    EXPECT_EQ(after.codes.l0(row), 0);
  }
  for (const std::int64_t row : {5, 7}) {
    EXPECT_EQ(after.reports[static_cast<std::size_t>(row)].status, RowStatus::zero_embedding);
    EXPECT_EQ(after.reports[static_cast<std::size_t>(row)].gap, 0.0);
    EXPECT_EQ(after.codes.l0(row), 0);
  }
  for (const std::int64_t row : {0, 2, 4, 6, 8}) EXPECT_EQ(row_difference(before, row, after, row), "");
}

TEST_P(SpecialRows, EmptyBatch) {
  const DecomposeResult result =
      decompose(context, Dictionary(context, sample.atom_view()), sample.view().slice(0, 0), options());
  EXPECT_EQ(malformed(result.codes), "");
  EXPECT_EQ(result.codes.rows, 0);
  EXPECT_EQ(result.codes.cols, 200);
  EXPECT_TRUE(result.reports.empty());
}

/// Far from unit length, the certificate still is relative to |z|^2.
TEST_P(SpecialRows, HugeAndTinyRows) {
  for (const float scale : {1e-12f, 1e12f}) {
    SampleProblem scaled = sample;
    for (float& value : scaled.embeddings) value *= scale;
    DecomposeOptions wanted = options(0.25f * scale);
    const DecomposeResult result = decompose(context, Dictionary(context, scaled.atom_view()), scaled.view(), wanted);
    for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified) << scale;
    EXPECT_GT(result.codes.nnz(), 0) << scale;
  }
}

/// So far off that weights are subnormal or infinite in float32: the report is of the code that float32 can hold.
TEST_P(SpecialRows, UnitsAtTheEdgeOfFloat32KeepReportsTrue) {
  for (const float scale : {1e-42f, 1e-39f, 1e-37f, 1e37f}) {
    for (const float atom_scale : {1.0f, 1e-3f}) {
      SampleProblem scaled = sample;
      for (float& value : scaled.embeddings) value *= scale;
      for (float& value : scaled.dictionary) value *= atom_scale;
      const Dictionary dictionary(context, scaled.atom_view());
      DecomposeOptions wanted = options(0.25f * scale * atom_scale);
      if (!(wanted.l1_penalty > 0)) continue;
      wanted.solve.max_iterations = 200;
      const DecomposeResult result = decompose(context, dictionary, scaled.view(), wanted);
      ASSERT_EQ(malformed(result.codes), "") << scale << ", " << atom_scale;
      const std::vector<RowReport> brute = certify(context, dictionary, scaled.view(), result.codes, wanted);
      for (std::size_t i = 0; i < brute.size(); ++i) {
        EXPECT_NEAR(result.reports[i].primal, brute[i].primal, 1e-10 * brute[i].primal) << scale << ", " << atom_scale;
        EXPECT_GE(result.reports[i].gap, brute[i].gap - 1e-10 * brute[i].primal) << scale << ", " << atom_scale;
      }
    }
  }
}

TEST_P(SpecialRows, EqualAtomsGiveAllWeightToTheLowestIndex) {
  for (std::int64_t j = 0; j < 100; ++j) {  // atom j + 100 is atom j once more
    std::copy_n(sample.dictionary.begin() + j * sample.dim, sample.dim, sample.dictionary.begin() + (j + 100) * sample.dim);
  }
  const DecomposeResult result = solve(sample);
  EXPECT_GT(result.codes.nnz(), 0);
  for (const std::int32_t atom : result.codes.atom_indices) EXPECT_LT(atom, 100);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
  // The cheaper of two equal ones comes first whatever its index.
  std::vector<float> weights(200, 1.0f);
  std::fill(weights.begin() + 100, weights.end(), 0.5f);
  DecomposeOptions wanted = options();
  wanted.atom_weights = weights;
  const DecomposeResult cheaper = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), wanted);
  EXPECT_GT(cheaper.codes.nnz(), 0);
  for (const std::int32_t atom : cheaper.codes.atom_indices) EXPECT_GE(atom, 100);
}

/// Atoms that differ by rounding only, and more non-zeros than dimensions would allow without a penalty.
TEST_P(SpecialRows, NearDuplicatesAndLowPenaltiesAreCertified) {
  for (std::int64_t j = 0; j < 100; ++j) {
    for (std::int64_t k = 0; k < sample.dim; ++k) {
      const float value = sample.dictionary[static_cast<std::size_t>(j * sample.dim + k)];
      sample.dictionary[static_cast<std::size_t>((j + 100) * sample.dim + k)] = k == 0 ? std::nextafter(value, 2.0f) : value;
    }
  }
  DecomposeOptions wanted = options(0.005f);
  wanted.solve.max_iterations = 100000;
  wanted.solve.max_rounds = 20000;
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), wanted);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified) << report.gap;
}

/// Bundles of atoms that differ by 1 to 2 %: as much as int8 copies lose, so that their Gram matrix is another one.
TEST_P(SpecialRows, BundlesOfNearlyParallelAtomsAreCertified) {
  SampleProblem bundles = sample_problem(240, 64, 24, 43);
  bundle_atoms(bundles, 12);
  for (const float penalty : {0.3f, 0.1f, 0.03f}) {
    DecomposeOptions wanted = options(penalty);
    wanted.solve.max_iterations = 200000;
    wanted.solve.max_rounds = 20000;
    const DecomposeResult result = decompose(context, Dictionary(context, bundles.atom_view()), bundles.view(), wanted);
    ASSERT_EQ(malformed(result.codes), "");
    EXPECT_EQ(result_disagreement(oracle_problem(bundles, static_cast<double>(penalty)), bundles, result), "")
        << penalty;
    for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified) << penalty << ": " << report.gap;
  }
}

TEST_P(SpecialRows, ZeroAtomsStayUnused) {
  std::fill_n(sample.dictionary.begin(), 3 * sample.dim, 0.0f);
  const DecomposeResult result = solve(sample);
  for (const std::int32_t atom : result.codes.atom_indices) EXPECT_GE(atom, 3);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
}

TEST_P(SpecialRows, APenaltyAboveEveryCorrelationGivesEmptyCodes) {
  const DecomposeResult result =
      decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options(1e6f));
  EXPECT_EQ(result.codes.nnz(), 0);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
}

TEST_P(SpecialRows, ABudgetThatRunsOutIsSaidAndTheGapStaysTrue) {
  DecomposeOptions wanted = options(0.02f);
  wanted.solve.max_rounds = 1;
  wanted.solve.max_iterations = 1;
  wanted.solve.gap_tolerance = 1e-14;
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), wanted);
  ASSERT_EQ(malformed(result.codes), "");
  const splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(wanted.l1_penalty));
  bool exhausted = false;
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const RowReport& report = result.reports[static_cast<std::size_t>(i)];
    exhausted = exhausted || report.status == RowStatus::budget_exhausted;
    const std::vector<double> z = oracle_row(sample, i);
    EXPECT_EQ(row_disagreement(problem, z, splice_oracle::solve(problem, z), dense_row(result.codes, i), report), "");
  }
  EXPECT_TRUE(exhausted);
}

SPLICE_EACH_SOLVER(SpecialRows);

}  // namespace
}  // namespace splice_cuda::testing
