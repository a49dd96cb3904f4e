#pragma once

/// @file functions.hpp
/// Functions that several kinds of instructions have.

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace splice_cuda::compiled {

/// Integers wrap around, as unsigned ones do here.
struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    } else {
      return a + b;
    }
  }
};

/// Of numbers and NaN the number; +0 is above -0. (Bits of NaN are the host's, of all instructions.)
struct Least {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (a == b) return std::signbit(a) ? a : b;
      if (std::isnan(a)) return b;
      return b < a ? b : a;
    } else {
      return b < a ? b : a;
    }
  }
};
struct Most {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (a == b) return std::signbit(a) ? b : a;
      if (std::isnan(a)) return b;
      return b > a ? b : a;
    } else {
      return b > a ? b : a;
    }
  }
};

}  // namespace splice_cuda::compiled
