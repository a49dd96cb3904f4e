#pragma once

/// @file momentum.hpp
/// Nesterov's momentum with adaptive restart (O'Donoghue & Candes 2015, section 3.2: the gradient scheme).

#include <cmath>

namespace splice_cuda::cpu {

struct Momentum {
  double t = 1;
  float beta = 0;  ///< weight of the last step in the next extrapolated point
};

/// After a step from the extrapolated point y over x to x+. `against` = (y - x+).(x+ - x): where it is positive, the
/// momentum points uphill and starts anew.
inline Momentum next_momentum(const Momentum& now, double against) {
  if (against > 0) return {};
  const double next = 0.5 * (1 + std::sqrt(1 + 4 * now.t * now.t));
  return {next, static_cast<float>((now.t - 1) / next)};
}

}  // namespace splice_cuda::cpu
