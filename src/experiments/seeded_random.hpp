#pragma once

/// @file seeded_random.hpp
/// What SplitMix64's numbers are made into: uniform and normal ones, orders.

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "experiments/random_numbers.hpp"

namespace splice_cuda {

/// Normal numbers by Box & Muller (1958).
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : bits_(seed) {}

  std::uint64_t next() noexcept { return bits_.next(); }
  /// Within (0, 1).
  double uniform() noexcept { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }
  double normal() noexcept { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }
  std::int64_t below(std::int64_t limit) noexcept { return static_cast<std::int64_t>(bits_.below(static_cast<std::uint64_t>(limit))); }
  /// Fisher & Yates.
  template <class T>
  void shuffle(std::vector<T>& items) noexcept {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  }

 private:
  SplitMix64 bits_;
};

}  // namespace splice_cuda
