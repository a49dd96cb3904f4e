#include "core/lasso_math.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace splice_cuda::math {
namespace {

TEST(LassoMath, ProxMinimisesItsObjective) {
  for (const double v : {-2.0, -0.3, 0.0, 0.3, 2.0}) {
    const double threshold = 0.5;
    const auto objective = [&](double w) { return 0.5 * (w - v) * (w - v) + threshold * std::abs(w); };
    const double nonnegative = prox_nonnegative(v, threshold);
    const double free = prox_signed(v, threshold);
    EXPECT_GE(nonnegative, 0.0);
    for (double w = -3; w <= 3; w += 0.01) {
      EXPECT_LE(objective(free), objective(w) + 1e-12);
      if (w >= 0) {
        EXPECT_LE(objective(nonnegative), objective(w) + 1e-12);
      }
    }
  }
}

TEST(LassoMath, DualScaleMaximisesWithinTheFeasibleRange) {
  const double z_dot_r = 0.7;
  const double r_dot_r = 0.5;
  for (const double correlation : {-1.0, 0.0, 0.1, 0.2, 0.4}) {
    const double lambda = 0.2;
    const double scale = dual_scale(z_dot_r, r_dot_r, correlation, lambda);
    EXPECT_GE(scale, 0.0);
    if (correlation > 0) {
      EXPECT_LE(scale * correlation, lambda * (1 + 1e-15));
    }
    for (double s = 0; s < 3; s += 0.01) {
      if (s * correlation > lambda) break;
      EXPECT_LE(dual_objective(z_dot_r, r_dot_r, s), dual_objective(z_dot_r, r_dot_r, scale) + 1e-9);
    }
  }
}

TEST(LassoMath, DualScaleOfAVanishingOrOpposedResidualIsZero) {
  EXPECT_EQ(dual_scale(0.0, 0.0, 1.0, 0.1), 0.0);
  EXPECT_EQ(dual_scale(-0.5, 1.0, 1.0, 0.1), 0.0);
}

TEST(LassoMath, GapOfTheOptimumOfOneAtomIsZero) {
  // One unit atom with c.z = b: w = b - lambda, r = z - c w.
  const double z_dot_z = 1.0;
  const double b = 0.8;
  const double lambda = 0.3;
  const double w = b - lambda;
  const double r_dot_r = z_dot_z - 2 * w * b + w * w;
  const double z_dot_r = z_dot_z - w * b;
  const double scale = dual_scale(z_dot_r, r_dot_r, b - w, lambda);
  const double gap = primal_objective(r_dot_r, w, lambda) - dual_objective(z_dot_r, r_dot_r, scale);
  EXPECT_LE(std::abs(gap), 1e-15);
}

TEST(LassoMath, ScreenedBoundIsCauchySchwarz) {
  EXPECT_DOUBLE_EQ(screened_upper_bound(0.1, 0.01, 2.0, 1.5, 0.2), 0.1 + 0.02 + 0.3);
}

}  // namespace
}  // namespace splice_cuda::math
