#include "core/lasso_math.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

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

/// A small random problem with some code, its certificate in fp64, and what primal - dual is in long double.
struct Rounded {
  Certificate certificate;
  double error = 0;  ///< |fp64 primal - dual - the long double one, at the same feasible dual point|
};

Rounded rounded_certificate(unsigned seed, int dim, int atoms, double lambda) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> c(static_cast<std::size_t>(atoms * dim));
  std::vector<double> z(static_cast<std::size_t>(dim));
  std::vector<double> w(static_cast<std::size_t>(atoms));
  for (double& value : c) value = static_cast<double>(static_cast<float>(normal(generator))) / 16;
  for (double& value : z) value = static_cast<double>(static_cast<float>(normal(generator)));
  for (double& value : w) value = std::abs(normal(generator));
  std::vector<double> r = z;
  std::vector<long double> exact_r(z.begin(), z.end());
  double norm = 0;
  for (std::size_t j = 0; j < w.size(); ++j) {
    double square = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      const double entry = c[j * z.size() + k];
      r[k] -= w[j] * entry;
      exact_r[k] -= static_cast<long double>(w[j]) * static_cast<long double>(entry);
      square += entry * entry;
    }
    norm = std::max(norm, std::sqrt(square));
  }
  CertificateTerms t;
  t.lambda = lambda;
  t.atom_norm = norm;
  t.summands = dim + atoms;
  long double zz = 0;
  long double zr = 0;
  long double rr = 0;
  long double exact_rr = 0;
  for (std::size_t k = 0; k < z.size(); ++k) {
    t.z_dot_z += z[k] * z[k];
    t.z_dot_r += z[k] * r[k];
    t.r_dot_r += r[k] * r[k];
    zz += static_cast<long double>(z[k]) * static_cast<long double>(z[k]);
    zr += static_cast<long double>(z[k]) * static_cast<long double>(r[k]);
    rr += static_cast<long double>(r[k]) * static_cast<long double>(r[k]);
    exact_rr += exact_r[k] * exact_r[k];
  }
  long double l1 = 0;
  long double largest = 0;
  for (std::size_t j = 0; j < w.size(); ++j) {
    t.weighted_l1 += w[j];
    l1 += static_cast<long double>(w[j]);
    double correlation = 0;
    long double exact = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      correlation += c[j * z.size() + k] * r[k];
      exact += static_cast<long double>(c[j * z.size() + k]) * static_cast<long double>(r[k]);
    }
    t.max_correlation = std::max(t.max_correlation, correlation);
    largest = std::max(largest, exact);
  }
  Rounded rounded{make_certificate(t), 0};
  const long double scale =
      std::max(0.0L, std::min(zr / rr, static_cast<long double>(lambda) / largest));
  const long double primal = exact_rr / 2 + static_cast<long double>(lambda) * l1;
  const long double dual = scale * zr - scale * scale * rr / 2;
  rounded.error = static_cast<double>(
      std::abs(static_cast<long double>(rounded.certificate.primal - rounded.certificate.dual) - (primal - dual)));
  return rounded;
}

TEST(LassoMath, GapCoversItsOwnRounding) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Rounded rounded = rounded_certificate(seed, 1 + static_cast<int>(seed % 97), 1 + static_cast<int>(seed % 13),
                                                seed % 2 == 0 ? 0.1 : 1e-6);
    const double slack = rounded.certificate.gap - (rounded.certificate.primal - rounded.certificate.dual);
    EXPECT_GE(slack, rounded.error) << "seed " << seed;
    EXPECT_LE(slack, 1e-8 * std::abs(rounded.certificate.primal)) << "seed " << seed;
  }
}

TEST(LassoMath, ScreenedBoundIsCauchySchwarz) {
  EXPECT_DOUBLE_EQ(screened_upper_bound(0.1, 0.01, 2.0, 1.5, 0.2), 0.1 + 0.02 + 0.3);
}

}  // namespace
}  // namespace splice_cuda::math
