#pragma once

/// @file select.hpp
/// Stage `select`: the best of a list.

#include <cstdint>

namespace splice_cuda::cpu {

/// A threshold t >= floor such that at most `keep` of |values| (values where !both_signs) lie above it, and nearly as
/// many as that do, by bisection; `floor` where no more than `keep` lie above it.
float best_threshold(const float* values, std::int64_t count, std::int64_t keep, bool both_signs,
                     float floor = -3e38f);

/// A list of atoms and their values, and where some of them go.
struct Selection {
  std::int32_t* atoms = nullptr;  ///< [count]
  float* values = nullptr;        ///< [count]
  std::int64_t count = 0;
  bool both_signs = false;        ///< |value| decides
};
/// Entries that `take_above` may write behind the end of `taken`.
inline constexpr std::int64_t taken_slack = 16;

/// Moves the atoms whose value lies above `upper` to `taken` ([count + taken_slack]), in their order, and drops those
/// that do not lie above `lower` (<= upper). The others close ranks; selection.count becomes their number.
/// @returns number of atoms taken
std::int64_t take_above(Selection& selection, float upper, float lower, std::int32_t* taken);

}  // namespace splice_cuda::cpu
