#pragma once

/// @file screened_value.hpp
/// Stage `screen`: what one atom is worth at one row. What is listed depends on exact sums and on the float32 arithmetic
/// below alone, whoever computed the sums.

#include <cmath>
#include <cstdint>
#include <limits>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// What a row's sums are compared with, in units of its int8 copy: an atom passes where weight sum + error norm > threshold.
struct ScreenedLimits {
  float threshold;
  float norm;
};

/// @param threshold  not negative
SPLICE_KERNEL ScreenedLimits screened_limits(float scale, float norm, float threshold) {
  if (!(scale > 0)) return {std::numeric_limits<float>::infinity(), 0};  // all sums are 0
  return {threshold / scale, norm / scale};
}

/// Negative, by its sign alone, where an atom passes. No atom without weight does: its error is 0, too.
/// @param weight  scale_j / a_j of the atom's int8 copy;  @param error  |c_j - c^_j| / a_j and the rounding here, per |r^|
SPLICE_KERNEL float screened_shortfall(std::int32_t sum, float weight, float error, const ScreenedLimits& limits,
                                       bool nonnegative) {
  const float size = nonnegative ? static_cast<float>(sum) : std::fabs(static_cast<float>(sum));
  return std::fma(-weight, size, std::fma(-error, limits.norm, limits.threshold));
}

/// c_j.r^ / a_j
SPLICE_KERNEL float screened_value(std::int32_t sum, float weight, float row_scale) {
  return static_cast<float>(sum) * weight * row_scale;
}

}  // namespace splice_cuda::cuda
