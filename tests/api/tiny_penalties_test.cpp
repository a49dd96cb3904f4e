// Penalties so small that rounding decides which atoms enter: rows end all the same, with a code that is worth something.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "splice_cuda/decompose.hpp"
#include "support/agreement.hpp"
#include "support/bell_stream.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

constexpr std::int64_t atoms = 100;
constexpr std::int64_t dim = 16;

/// Unit rows of numbers that have nothing to do with each other.
std::vector<float> unit_rows(std::int64_t rows, std::uint64_t seed) {
  BellStream stream(seed);
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<double> row(static_cast<std::size_t>(dim));
    double square = 0;
    for (double& value : row) {
      value = stream.next();
      square += value * value;
    }
    for (const double value : row) values.push_back(static_cast<float>(value / std::sqrt(square)));
  }
  return values;
}

/// Without an end to what pivots follow, some of these rows took a million of them, and a minute.
TEST(TinyPenalties, RowsEndWithACertificate) {
  const std::int64_t rows = test_rows(40);
  const std::vector<float> dictionary_values = unit_rows(atoms, 2);
  const std::vector<float> values = unit_rows(rows, 3);
  const Context context(test_device().device);
  const Dictionary dictionary(context, {dictionary_values.data(), atoms, dim});
  for (const float penalty : {1e-8f, 1e-12f, 1e-14f, 1e-20f}) {
    const DecomposeResult result = decompose(context, dictionary, {values.data(), rows, dim}, {.l1_penalty = penalty});
    ASSERT_EQ(malformed(result.codes), "");
    for (std::int64_t i = 0; i < rows; ++i) {
      const RowReport& report = result.reports[static_cast<std::size_t>(i)];
      EXPECT_LE(report.gap, 1e-6) << "row " << i << " at " << penalty;
      EXPECT_LE(report.primal, 0.5) << "worse than no code: row " << i << " at " << penalty;
      EXPECT_LE(report.iterations, 20000) << "row " << i << " at " << penalty;
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing
