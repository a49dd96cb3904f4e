#pragma once

/// @file fista_math.hpp
/// Accelerated proximal gradient (Beck & Teboulle 2009) with adaptive restart, step by step: the formulas, once for host and
/// device.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"

namespace splice_cuda::math {

/// Iterations between gap tests: a test costs one more product.
inline constexpr std::int32_t fista_test_period = 10;

/// Nesterov's momentum with adaptive restart (O'Donoghue & Candes 2015, section 3.2: the gradient scheme).
struct Momentum {
  double t = 1;
  float beta = 0;  ///< weight of the last step in the next extrapolated point
};

/// After a step from the extrapolated point y over x to x+. `against` = (y - x+).(x+ - x): where it is positive, the
/// momentum points uphill and starts anew.
SPLICE_HOST_DEVICE inline Momentum next_momentum(const Momentum& now, double against) {
  if (against > 0) return {};
  const double next = 0.5 * (1 + std::sqrt(1 + 4 * now.t * now.t));
  return {next, static_cast<float>((now.t - 1) / next)};
}

/// y = x + beta (x - previous).
SPLICE_HOST_DEVICE inline float extrapolated(float x, float previous, float beta) { return x + beta * (x - previous); }

/// x+ = prox(y + step correlation), where `correlation` is minus the gradient at y and threshold = step lambda.
SPLICE_HOST_DEVICE inline float proximal_step(float y, float correlation, float step, float threshold, bool nonnegative) {
  const float v = y + step * correlation;
  return nonnegative ? prox_nonnegative(v, threshold) : prox_signed(v, threshold);
}

/// The step 1/L is sound where |C'(x+ - y)|^2 <= L |x+ - y|^2 (Beck & Teboulle 2009, section 4): power iteration may
/// have missed the largest eigenvalue. Both sides vanish as the row converges, the rounding of residuals does not.
/// @param image  |C'(x+ - y)|^2
/// @param moved  |x+ - y|^2
SPLICE_HOST_DEVICE inline bool step_is_too_long(double image, double moved, double step, double z_dot_z) {
  constexpr double rounding = 1e-10;
  return image * step > moved + rounding * z_dot_z * step;
}

}  // namespace splice_cuda::math
