#pragma once

/// @file power_iteration.hpp
/// The largest eigenvalue of a dictionary's C'C, from products with it alone.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace splice_cuda {

/// With a margin for what power iteration may lack: nearly always a bound from above. Where the start is all but orthogonal
/// to the top eigenvector it is not; FISTA notices.
/// @param v      scratch, [dim]
/// @param apply  replaces v by C'C v
template <class Apply>
double power_iteration(std::span<float> v, Apply apply) {
  for (std::size_t k = 0; k < v.size(); ++k) {
    v[k] = 1.0f + 0.1f * static_cast<float>(k % 7);  // any start that is not orthogonal to the top
  }
  double eigenvalue = 0;
  for (int step = 0; step < 100; ++step) {
    double norm = 0;
    for (const float value : v) norm += static_cast<double>(value) * static_cast<double>(value);
    norm = std::sqrt(norm);
    if (!(norm > 0)) break;
    for (float& value : v) value = static_cast<float>(static_cast<double>(value) / norm);
    const double previous = eigenvalue;
    eigenvalue = norm;  // |C'C v| for the unit v of the step before
    if (step > 2 && std::abs(eigenvalue - previous) <= 1e-5 * eigenvalue) break;
    apply();
  }
  return std::max(eigenvalue * 1.02, 1e-30);
}

}  // namespace splice_cuda
