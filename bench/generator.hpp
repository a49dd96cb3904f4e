#pragma once

/// @file generator.hpp
/// Random numbers that are the same with every standard library, unlike std::normal_distribution.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>

namespace splice_cuda::bench {

/// SplitMix64 and Box-Muller.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }

  /// Independent normal numbers of the given standard deviations.
  void fill(std::span<float> out, std::span<const float> deviations) {
    for (std::size_t k = 0; k < out.size(); k += 2) {
      const std::uint64_t bits = next();
      const float uniform = (static_cast<float>(bits >> 40) + 0.5f) * 0x1p-24f;
      const float angle = 2 * std::numbers::pi_v<float> * (static_cast<float>(bits & 0xFFFFFFu) * 0x1p-24f);
      const float radius = std::sqrt(-2 * std::log(uniform));
      out[k] = deviations[k] * radius * std::cos(angle);
      if (k + 1 < out.size()) out[k + 1] = deviations[k + 1] * radius * std::sin(angle);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace splice_cuda::bench
