#pragma once

/// @file same_answers.hpp
/// Comparators of what a kernel gives on two instruction sets: an empty text, or the first difference.
/// same_answers_test.cpp shows that they notice one.

#include <cmath>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace splice_cuda::testing {

template <class T>
std::string one_difference(std::size_t place, T wanted, T given) {
  std::ostringstream text;
  text.precision(17);
  text << "[" << place << "] " << +given << ", expected " << +wanted;
  return text.str();
}

/// Bit by bit.
template <class T>
std::string difference(const std::vector<T>& wanted, const std::vector<T>& given) {
  if (wanted.size() != given.size()) return one_difference(0, wanted.size(), given.size()) + " values";
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::memcmp(&wanted[i], &given[i], sizeof(T)) != 0) return one_difference(i, wanted[i], given[i]);
  }
  return "";
}

/// Element i within bounds[i]; NaN never is.
template <class T>
std::string difference_beyond(const std::vector<double>& bounds, const std::vector<T>& wanted,
                              const std::vector<T>& given) {
  if (wanted.size() != given.size() || wanted.size() != bounds.size()) {
    return one_difference(0, wanted.size(), given.size()) + " values";
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double distance = std::abs(static_cast<double>(wanted[i]) - static_cast<double>(given[i]));
    if (!(distance <= bounds[i])) return one_difference(i, wanted[i], given[i]);
  }
  return "";
}

/// What two sums of the same products may differ by, fused or not: each is off by at most length * u * sum
/// |products|, u = half the spacing of T at 1, length = that of the longest chain of additions with the
/// product at its end.
template <class T>
double sum_bound(std::size_t length, double sum_of_magnitudes) {
  const double u = sizeof(T) == sizeof(float) ? 0x1p-24 : 0x1p-53;
  return 2.0 * static_cast<double>(length) * u * sum_of_magnitudes;
}

/// Longest chain of a dot product of `terms` products in vectors of 16 bytes or more: one lane, then the
/// lanes' sum.
template <class T>
std::size_t dot_chain(std::size_t terms) {
  return terms * sizeof(T) / 16 + 6;
}

}  // namespace splice_cuda::testing
