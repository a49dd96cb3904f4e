#pragma once

/// @file bell_stream.hpp
/// Bell-shaped numbers that any language reproduces bit by bit (make_golden.py does): splitmix64 (Steele, Lea & Flood
/// 2014), four 16-bit pieces of each word added up.

#include <cstdint>
#include <vector>

namespace splice_cuda::testing {

class BellStream {
 public:
  explicit BellStream(std::uint64_t seed) : state_(seed) {}

  std::uint64_t word() {
    state_ += 0x9E3779B97F4A7C15ull;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    return mixed ^ (mixed >> 31);
  }
  /// In (-2, 2), mean about 0, variance 1/3; a multiple of 2^-15.
  double next() {
    const std::uint64_t bits = word();
    std::int64_t sum = 0;
    for (int piece = 0; piece < 4; ++piece) sum += static_cast<std::int64_t>(bits >> (16 * piece) & 0xffff);
    return static_cast<double>(sum - 131070) / 32768.0;
  }
  std::uint64_t below(std::uint64_t limit) { return word() % limit; }

 private:
  std::uint64_t state_;
};

}  // namespace splice_cuda::testing
