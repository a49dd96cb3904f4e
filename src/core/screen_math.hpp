#pragma once

/// @file screen_math.hpp
/// The working-set algorithm's formulas that decide something, written once for host and device (docs/design.md).

#include <cmath>

#include "core/lasso_math.hpp"

namespace splice_cuda::math {

/// How far a correlation may stay from lambda without costing more than a quarter of the allowed gap: a relative
/// excess e of the largest correlation costs about e lambda sum_j a_j w_j.
/// @param weighted_l1  sum_j a_j |w_j|
SPLICE_HOST_DEVICE inline double correlation_slack(double gap_tolerance, double z_dot_z, double weighted_l1, double lambda) {
  const double allowed = 0.25 * gap_tolerance * 0.5 * z_dot_z;
  const double excess = weighted_l1 > 0 ? allowed / (lambda * weighted_l1) : 1e-3;
  return lambda * (excess < 2e-7 ? 2e-7 : excess > 1e-3 ? 1e-3 : excess);
}

/// What a screening with bounds has to list: atoms whose bound (value + error) exceeds `threshold`; all others stay
/// below `unlisted_bound`.
struct ScreenLimits {
  double threshold = 0;
  double unlisted_bound = 0;
  bool useful = false;  ///< false where lists would hold half of the dictionary
};

/// @param movement   how far the residual may move, over lambda, before unlisted atoms can reach lambda
/// @param row_error  |r - r^| of the quantised residual
/// @param atom_norm  max_j |c_j| / a_j
SPLICE_HOST_DEVICE inline ScreenLimits screen_limits(double lambda, double movement, double row_error, double atom_norm) {
  constexpr double smallest_threshold = 0.02;  // of lambda
  const double expected = movement * lambda;
  const double rounding = row_error * atom_norm;
  const double margin = std::sqrt(expected * expected + rounding * rounding);
  ScreenLimits limits;
  limits.threshold = lambda - margin;
  limits.unlisted_bound = limits.threshold * (1 + 1e-6);
  limits.useful = limits.threshold > smallest_threshold * lambda && std::isfinite(limits.threshold);
  return limits;
}

/// How far a product in float32 of an atom's high float16 part with a vector errs from the atom's own, over their norms: the part
/// by 2^-11 of each number, and by 2^-34 sqrt(d) of the norm for numbers below the normal ones (split_atoms.hpp); the sum, where
/// each of 32 lanes adds up every 32nd eight of the numbers and lanes are added pairwise, by one rounding for each addition that
/// a term goes through (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1), and two more, of operands; the square of
/// it all is below one.
/// @param ld  length of the vectors
SPLICE_HOST_DEVICE inline double high_product_error(long long ld) {
  const double additions = static_cast<double>((ld + 255) / 256 * 8) + 5;
  return 1.002 * 0x1p-11 + (additions + 3) * 0x1p-24;
}

}  // namespace splice_cuda::math
