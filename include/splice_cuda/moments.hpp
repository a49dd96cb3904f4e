#pragma once

/// @file moments.hpp
/// Mean and spread of numbers that come one by one.

#include <cmath>
#include <cstdint>
#include <limits>

namespace splice_cuda {

/// Count, mean and sum of squared deviations, updated without cancellation (Welford 1962); sets are put together as Chan, Golub &
/// LeVeque (1983) do it. Values added in the same order give the same bits; merging agrees with that up to rounding.
struct Moments {
  std::int64_t count = 0;
  double mean = 0;
  double squares = 0;  ///< sum of (x - mean)^2

  void add(double value) noexcept {
    ++count;
    const double off = value - mean;
    mean += off / static_cast<double>(count);
    squares += off * (value - mean);
  }
  void merge(const Moments& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const auto own = static_cast<double>(count);
    const auto more = static_cast<double>(other.count);
    const double off = other.mean - mean;
    mean += off * more / (own + more);
    squares += other.squares + off * off * own * more / (own + more);
    count += other.count;
  }
  /// These values and `zeros` zeros.
  Moments with_zeros(std::int64_t zeros) const noexcept {
    Moments all = *this;
    all.merge({zeros, 0, 0});
    return all;
  }
  /// Of the sample, over count - 1; NaN for fewer than two values.
  double variance() const noexcept {
    return count > 1 ? squares / static_cast<double>(count - 1) : std::numeric_limits<double>::quiet_NaN();
  }
  /// Of the mean; NaN for fewer than two values.
  double standard_error() const noexcept { return std::sqrt(variance() / static_cast<double>(count)); }
};

}  // namespace splice_cuda
