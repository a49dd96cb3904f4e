#include "splice_cuda/histograms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "splice_cuda/error.hpp"
#include "splice_cuda/moments.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

std::vector<double> drawn_weights(int count) {
  std::mt19937_64 random(5);
  std::exponential_distribution<double> draw(7);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i % 3 == 0 ? 0.0 : draw(random));
  return values;
}

TEST(FixedHistogram, CountsOutsideInTheEndBins) {
  FixedHistogram histogram(-1, 0.5, 4);
  for (const double value : {-7.0, -1.0, -0.5, 0.0, 0.49, 0.99, 1.0, 1e300, std::nan(""), -HUGE_VAL}) histogram.add(value);
  FixedHistogram more(-1, 0.5, 4);
  more.add(0.2);
  histogram.merge(more);
  const std::vector<std::int64_t> counts = {histogram.count(0), histogram.count(1), histogram.count(2), histogram.count(3)};
  EXPECT_THAT(counts, ElementsAre(3, 1, 3, 3));
  EXPECT_EQ(histogram.edge(0), -1);
  EXPECT_EQ(histogram.edge(4), 1);
}

TEST(GrowingHistogram, CountsExactlyInBinsThatEndAboveTheLargest) {
  const std::vector<double> values = drawn_weights(5000);
  GrowingHistogram histogram;
  for (const double value : values) histogram.add(value);
  const double largest = *std::max_element(values.begin(), values.end());
  EXPECT_EQ(histogram.largest(), largest);
  const GrowingHistogram::Bins bins = histogram.coarse(20, largest);
  ASSERT_EQ(bins.counts.size(), 20);
  EXPECT_GT(20 * bins.width, largest);
  EXPECT_LT(20 * bins.width, largest * 1.05);
  std::vector<std::int64_t> expected(20, 0);
  for (const double value : values) ++expected[static_cast<std::size_t>(value / bins.width)];
  EXPECT_THAT(bins.counts, ElementsAreArray(expected));
}

TEST(GrowingHistogram, DependsNeitherOnOrderNorOnSplit) {
  std::vector<double> values = drawn_weights(1000);
  GrowingHistogram whole;
  for (const double value : values) whole.add(value);
  std::sort(values.begin(), values.end());
  GrowingHistogram small;
  GrowingHistogram large;
  for (std::size_t i = 0; i < values.size(); ++i) (i < 700 ? small : large).add(values[i]);
  for (const bool small_first : {true, false}) {
    GrowingHistogram merged = small_first ? small : large;
    merged.merge(small_first ? large : small);
    EXPECT_THAT(merged.coarse(20, 3).counts, ElementsAreArray(whole.coarse(20, 3).counts));
    EXPECT_EQ(merged.total(), 1000);
  }
}

/// Bins that are doubled more often than they have bits are all the first one.
TEST(GrowingHistogram, MergesWhatIsFarSmaller) {
  for (const double large : {1e5, 3000.0, 1e300}) {
    GrowingHistogram small;
    small.add(5e-7);
    small.add(9e-7);
    GrowingHistogram merged;
    merged.add(large);
    merged.merge(small);
    const std::vector<std::int64_t> counts = merged.coarse(10, large).counts;
    EXPECT_EQ(counts.front(), 2);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 3);
    small.merge(merged);
    EXPECT_EQ(small.coarse(10, large).counts.front(), 4);
  }
}

TEST(GrowingHistogram, TakesZerosAndRefusesWhatItCannotShow) {
  GrowingHistogram zeros;
  zeros.add(0);
  zeros.add(-1);
  zeros.add(std::nan(""));
  EXPECT_EQ(zeros.coarse(4, 0).counts.front(), 2);
  EXPECT_EQ(GrowingHistogram().coarse(4, 1).counts.front(), 0);
  zeros.add(2);
  EXPECT_THROW(zeros.coarse(4, 1), ArgumentError);
  EXPECT_THROW(zeros.coarse(0, 2), ArgumentError);
  EXPECT_THROW(zeros.coarse(2000, 2), ArgumentError);
}

TEST(Moments, AgreeWithTwoPasses) {
  std::vector<double> values = drawn_weights(400);
  for (double& value : values) value += 1e6;  // where the sum of squares alone would lose the spread
  Moments first;
  Moments second;
  double mean = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    (i < 130 ? first : second).add(values[i]);
    mean += values[i] / 400;
  }
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  first.merge(second);
  EXPECT_EQ(first.count, 400);
  EXPECT_NEAR(first.mean, mean, 1e-9);
  EXPECT_NEAR(first.variance(), squares / 399, 1e-6 * squares / 399);
  EXPECT_TRUE(std::isnan(Moments{}.standard_error()));
  Moments one;
  one.add(3);
  EXPECT_TRUE(std::isnan(one.standard_error()));
  const Moments padded = one.with_zeros(2);
  EXPECT_NEAR(padded.mean, 1, 1e-15);
  EXPECT_NEAR(padded.variance(), 3, 1e-15);
}

}  // namespace
}  // namespace splice_cuda
