#pragma once

/// @file moments.hpp
/// Mean, spread and standard error of a list of figures.

#include <cstdint>
#include <limits>
#include <span>

namespace splice_cuda {

/// Of the finite ones among some figures. What is not defined is NaN.
struct Moments {
  std::int64_t count = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();            ///< count >= 1
  double sd = std::numeric_limits<double>::quiet_NaN();              ///< with count - 1 below; count >= 2
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< of the mean: sd / sqrt(count); count >= 2
};

/// Two passes in fp64. NaN and infinities are left out.
Moments moments(std::span<const double> values);

}  // namespace splice_cuda
