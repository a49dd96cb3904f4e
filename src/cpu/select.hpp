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
/// Entries behind the end of what is taken that may be overwritten.
inline constexpr std::int64_t taken_slack = 16;

/// Atoms taken out of a selection, with room behind their end for what `take_above` may write there.
struct Taken {
  std::int32_t* atoms = nullptr;  ///< [count + taken_slack]
  float* values = nullptr;        ///< likewise
};

/// Moves the atoms whose value lies above `upper` to `taken`, in their order and with their values, and drops those
/// that do not lie above `lower` (<= upper). The others close ranks; selection.count becomes their number.
/// @returns number of atoms taken
std::int64_t take_above(Selection& selection, float upper, float lower, Taken taken);

/// Screened values and what they may hide: entry i stands for a correlation of at most |values[i]| + norm errors[atoms[i]].
struct BoundedList {
  const std::int32_t* atoms = nullptr;  ///< [count]
  const float* values = nullptr;        ///< [count]
  std::int64_t count = 0;
  const float* errors = nullptr;  ///< by atom
  float norm = 0;
  bool both_signs = false;  ///< else the value itself is meant
};

/// Places of the entries whose bound, in float32, exceeds `limit`, ascending.
/// @param places  [count + taken_slack]
/// @param rest    the largest bound of all others, -FLT_MAX where there are none
/// @returns their number
std::int64_t places_above(const BoundedList& list, float limit, std::int32_t* places, float* rest);

}  // namespace splice_cuda::cpu
