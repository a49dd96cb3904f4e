#pragma once

/// @file admm_math.hpp
/// The alternating direction method of multipliers in scaled form (Boyd et al. 2011, section 6.4), entry by entry: the
/// formulas, once for host and device.

#include <cstdint>

#include "core/lasso_math.hpp"

namespace splice_cuda::math {

inline constexpr std::int32_t admm_test_period = 10;
inline constexpr std::int32_t balance_period = 10;
inline constexpr std::int32_t last_balance = 400;  ///< a rho that moves for ever need not converge

/// rho moves on a ladder of powers of two, so that rows share factors; this many rungs to either side.
inline constexpr int most_rungs = 12;

/// Residual balancing (Boyd et al. 2011, section 3.4.1): the next rung up where the primal residual dominates, down
/// where the dual one does.
SPLICE_HOST_DEVICE inline int balanced_rung(int rung, double primal_residual, double dual_residual) {
  constexpr double imbalance = 4;
  if (primal_residual > imbalance * dual_residual) return rung < most_rungs ? rung + 1 : most_rungs;
  if (dual_residual > imbalance * primal_residual) return rung > -most_rungs ? rung - 1 : -most_rungs;
  return rung;
}

/// Right-hand side of the x-update: C z + rho (v - u).
SPLICE_HOST_DEVICE inline float admm_right_side(float z_product, float rho, float v, float u) {
  return z_product + rho * (v - u);
}

struct AdmmEntry {
  float x = 0;
  float v = 0;
  float u = 0;
};

/// x = (q - C~ s) / rho with s = inv(rho I + C~'C~) C~'q (Woodbury), v = prox(relaxed x + u), u += relaxed x - v.
/// @param correlation  (C~ s)_j
/// @param threshold  lambda / rho
SPLICE_HOST_DEVICE inline AdmmEntry admm_step(float z_product, float correlation, float v, float u, float rho,
                                              float relaxation, float threshold, bool nonnegative) {
  AdmmEntry next;
  next.x = (z_product - correlation) / rho + (v - u);
  const float relaxed = relaxation * next.x + (1 - relaxation) * v;
  const float sum = relaxed + u;
  next.v = nonnegative ? prox_nonnegative(sum, threshold) : prox_signed(sum, threshold);
  next.u = sum - next.v;
  return next;
}

/// At the optimum u = C~ r / rho, within the threshold.
SPLICE_HOST_DEVICE inline float admm_multiplier(float correlation, float rho, float lambda) {
  const float most = lambda / rho;
  const float u = correlation / rho;
  return u < -most ? -most : u > most ? most : u;
}

}  // namespace splice_cuda::math
