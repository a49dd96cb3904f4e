#pragma once

/// @file random_draws.hpp
/// Seeded draws that are the same on every platform, which the distributions of <random> are not.

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace splice_cuda {

using RandomBits = std::mt19937_64;

/// Uniform in [0, count), without bias. count >= 1
std::int64_t draw_below(RandomBits& random, std::int64_t count);

/// `count` different numbers of [0, total), ascending (Floyd's algorithm; Bentley & Floyd 1987); all of them where count >= total.
/// @param cancel  asked every 65,536 draws; may be empty. @throws CancelledError where it says so
std::vector<std::int64_t> draw_sample(RandomBits& random, std::int64_t total, std::int64_t count, const std::function<bool()>& cancel = {});

/// A permutation of [0, count) that is one cycle, so that nothing stays in place (Sattolo 1986). count = 1 has none: {0}.
std::vector<std::int64_t> draw_cycle(RandomBits& random, std::int64_t count);

struct DrawnPair {
  std::int64_t first = 0;
  std::int64_t second = 0;
};
/// Two different numbers of [0, count), in any order. count >= 2
DrawnPair draw_pair(RandomBits& random, std::int64_t count);

/// `pairs` different unordered pairs of [0, count), each in a random order; all there are where pairs is no less. `cancel` as above.
std::vector<DrawnPair> draw_pairs(RandomBits& random, std::int64_t count, std::int64_t pairs, const std::function<bool()>& cancel = {});

}  // namespace splice_cuda
