#pragma once

/// @file special_numbers.hpp
/// What no embedding should hold.

#include <limits>

namespace splice_cuda::testing {

inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float inf = std::numeric_limits<float>::infinity();

}  // namespace splice_cuda::testing
