// A batch of several tiles, chunks and slots: every row's result is its own, in its place.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "splice_cuda/decompose.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

/// Rows of a sample over and over, as many as a prime: no tile or slot begins with the same one as another.
TEST(LargeBatch, RowsAndResultsKeepTheirPlaces) {
  const SampleProblem sample = sample_problem(40, 64, 97, 61);
  const std::int64_t rows = test_rows(80000);
  const std::int64_t ld = sample.dim + 2;
  std::vector<float> many(static_cast<std::size_t>(rows * ld), std::numeric_limits<float>::quiet_NaN());
  for (std::int64_t i = 0; i < rows; ++i) {
    const float* row = sample.view().row(i % sample.rows);
    std::copy(row, row + sample.dim, many.begin() + i * ld);
  }
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeOptions options{.l1_penalty = 0.15f};
  const DecomposeResult expected = decompose(context, dictionary, sample.view(), options);
  EXPECT_GT(expected.codes.nnz(), 2 * sample.rows);
  const DecomposeResult result = decompose(context, dictionary, MatrixView<const float>{many.data(), rows, sample.dim, ld}, options);
  ASSERT_EQ(result.codes.rows, rows);
  ASSERT_EQ(malformed(result.codes), "");
  ASSERT_EQ(static_cast<std::int64_t>(result.reports.size()), rows);
  for (std::int64_t i = 0; i < rows; ++i) ASSERT_EQ(row_difference(result, i, expected, i % sample.rows), "") << "row " << i;
}

}  // namespace
}  // namespace splice_cuda::testing
