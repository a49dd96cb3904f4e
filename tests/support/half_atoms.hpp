#pragma once

/// @file half_atoms.hpp
/// Numbers rounded to 16 bits, and back.

#include <type_traits>
#include <vector>

#include "core/typed_rows.hpp"

namespace splice_cuda::testing {

template <class T>
T rounded_to(float value) {
  if constexpr (std::is_same_v<T, Float16>) return to_float16(value);
  if constexpr (std::is_same_v<T, BFloat16>) return to_bfloat16(value);
  if constexpr (std::is_same_v<T, float>) return value;
}

template <class T>
std::vector<T> all_rounded_to(const std::vector<float>& values) {
  std::vector<T> out;
  for (const float value : values) out.push_back(rounded_to<T>(value));
  return out;
}

template <class T>
std::vector<float> widened(const std::vector<T>& values) {
  std::vector<float> out;
  for (const T value : values) out.push_back(to_float(value));
  return out;
}

}  // namespace splice_cuda::testing
