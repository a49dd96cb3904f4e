#pragma once

/// @file random_numbers.hpp
/// Random numbers that are the same on every machine: distributions of <random> are not.

#include <cstdint>

namespace splice_cuda {

/// SplitMix64 (Steele, Lea & Flood 2014).
class SplitMix64 {
 public:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;  ///< of the state: output i of a seed is mixed(seed + i * step), i from 1

  explicit SplitMix64(std::uint64_t seed) noexcept : state_(seed) {}

  /// The output function.
  static constexpr std::uint64_t mixed(std::uint64_t state) noexcept {
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebu;
    return state ^ (state >> 31);
  }

  std::uint64_t next() noexcept { return mixed(state_ += step); }

  /// Even in [0, count), count > 0: what would favour small numbers is drawn again.
  std::uint64_t below(std::uint64_t count) noexcept {
    const std::uint64_t uneven = (0 - count) % count;  // 2^64 mod count
    std::uint64_t drawn = next();
    while (drawn < uneven) drawn = next();
    return drawn % count;
  }

 private:
  std::uint64_t state_;
};

}  // namespace splice_cuda
