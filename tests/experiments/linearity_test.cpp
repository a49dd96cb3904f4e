#include "splice_cuda/linearity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "random_rows.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing_rows::RandomRows;

/// Gradient descent on |j - w a - v b|^2: slow, and no formula of the library's.
std::pair<double, double> descend(const std::vector<double>& j, const std::vector<double>& a, const std::vector<double>& b) {
  double w = 0;
  double v = 0;
  for (int step = 0; step < 20000; ++step) {
    double to_w = 0;
    double to_v = 0;
    for (std::size_t k = 0; k < j.size(); ++k) {
      const double rest = j[k] - w * a[k] - v * b[k];
      to_w += rest * a[k];
      to_v += rest * b[k];
    }
    w += 0.4 * to_w;
    v += 0.4 * to_v;
  }
  return {w, v};
}

TEST(Linearity, IsLeastSquares) {
  const RandomRows joint(5, 12, 1), first(5, 12, 2), second(5, 12, 3);
  const std::vector<float> mean(12, 0.1f);
  const Linearity result = linearity(joint.view(), first.view(), second.view(), mean, 7);
  ASSERT_EQ(result.raw.size(), 5u);
  ASSERT_EQ(result.centered.size(), 5u);
  for (std::int64_t i = 0; i < 5; ++i) {
    for (const bool centred : {false, true}) {
      const std::vector<float> around = centred ? mean : std::vector<float>();
      const auto j = joint.unit(i, around), a = first.unit(i, around), b = second.unit(i, around);
      const auto [w, v] = descend(j, a, b);
      const TripleFit& fit = (centred ? result.centered : result.raw)[static_cast<std::size_t>(i)];
      EXPECT_NEAR(fit.first, w, 1e-9);
      EXPECT_NEAR(fit.second, v, 1e-9);
      std::vector<double> sum(j.size());
      for (std::size_t k = 0; k < j.size(); ++k) sum[k] = w * a[k] + v * b[k];
      RandomRows::scale(sum);
      EXPECT_NEAR(fit.cosine, RandomRows::product(sum, j), 1e-9);
    }
  }
}

TEST(Linearity, FindsTheWeightsOfASum) {
  const RandomRows first(40, 32, 4, 0.0f), second(40, 32, 5, 0.0f);
  RandomRows joint(40, 32, 6);
  for (std::int64_t i = 0; i < 40; ++i) {
    for (std::int64_t k = 0; k < 32; ++k) {
      joint.row(i)[k] = static_cast<float>(0.75 * first.unit(i)[static_cast<std::size_t>(k)] + 0.25 * second.unit(i)[static_cast<std::size_t>(k)]);
    }
  }
  const Linearity result = linearity(joint.view(), first.view(), second.view(), {}, 0);
  EXPECT_TRUE(result.centered.empty());
  const LinearitySummary own = summarize(result.raw);
  EXPECT_EQ(own.fitted, 40);
  EXPECT_NEAR(own.cosine.mean, 1, 1e-6);
  EXPECT_NEAR(own.first.mean / own.second.mean, 3, 0.05);
  // Another's pair says little about a random direction of 32 numbers.
  EXPECT_LT(summarize(result.raw_baseline).cosine.mean, 0.5);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_NE(result.partner[i], static_cast<std::int64_t>(i));
}

TEST(Linearity, TellsWhatHasNoFit) {
  RandomRows joint(4, 8, 1), first(4, 8, 2), second(4, 8, 3);
  for (int k = 0; k < 8; ++k) {
    second.row(0)[k] = -2 * first.row(0)[k];
    joint.row(1)[k] = 0;
  }
  first.row(2)[3] = std::numeric_limits<float>::quiet_NaN();
  const LinearitySummary summary = summarize(linearity(joint.view(), first.view(), second.view(), {}, 0).raw);
  EXPECT_EQ(summary.parallel, 1);
  EXPECT_EQ(summary.no_direction, 2);
  EXPECT_EQ(summary.fitted, 1);
  EXPECT_TRUE(std::isfinite(summary.first.mean));
  EXPECT_TRUE(std::isnan(summary.first.standard_error));
}

TEST(Linearity, TakesNoneAndOne) {
  const RandomRows none(0, 8, 1), one(1, 8, 1), other(1, 8, 2), third(1, 8, 3);
  EXPECT_EQ(summarize(linearity(none.view(), none.view(), none.view(), {}, 0).raw).fitted, 0);
  const Linearity single = linearity(one.view(), other.view(), third.view(), {}, 0);
  EXPECT_EQ(summarize(single.raw).fitted, 1);
  EXPECT_TRUE(single.raw_baseline.empty());
  EXPECT_THROW(linearity(one.view(), none.view(), third.view(), {}, 0), ArgumentError);
  const std::vector<float> mean(7, 0.0f);
  EXPECT_THROW(linearity(one.view(), other.view(), third.view(), mean, 0), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda
