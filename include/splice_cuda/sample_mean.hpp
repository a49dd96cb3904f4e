#pragma once

/// @file sample_mean.hpp
/// Mean, spread and standard error of a list of figures.

#include <cstdint>
#include <limits>
#include <span>

namespace splice_cuda {

/// Of the finite ones among some figures. What is not defined is NaN.
struct SampleMean {
  std::int64_t count = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();            ///< count >= 1
  double sd = std::numeric_limits<double>::quiet_NaN();              ///< with count - 1 below; count >= 2
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< of the mean: sd / sqrt(count); count >= 2
};

/// In fp64 (moments.hpp). NaN and infinities are left out.
SampleMean sample_mean(std::span<const double> values);

}  // namespace splice_cuda
