#pragma once

/// @file screened_value.hpp
/// Stage `screen`: what one atom is worth at one row. What is listed depends on exact sums and on the float32 arithmetic
/// below alone, whoever computed the sums.

#include <cmath>
#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// One atom at one row: c_j.r^ / a_j and its bound.
struct ScreenedValue {
  float value = 0;
  float bound = 0;
};

/// @param weight  scale_j / a_j of the atom's int8 copy;  @param error  |c_j - c^_j| / a_j and the rounding here, per |r^|
SPLICE_KERNEL ScreenedValue screened_value(std::int32_t sum, float weight, float error, float row_scale, float row_norm,
                                           bool nonnegative) {
  const float value = static_cast<float>(sum) * weight * row_scale;
  const float size = nonnegative ? value : std::fabs(value);
  return {value, std::fma(error, row_norm, size)};
}

}  // namespace splice_cuda::cuda
