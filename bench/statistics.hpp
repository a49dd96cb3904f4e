#pragma once

/// @file statistics.hpp
/// Medians and quartiles: the noise of a shared machine is one-sided, means follow it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace splice_cuda::bench {

/// Quantile by linear interpolation, 0 <= level <= 1; NaN for no values.
inline double quantile(std::vector<double> values, double level) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double position = level * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

}  // namespace splice_cuda::bench
