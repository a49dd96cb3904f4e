#pragma once

/// @file picks.hpp
/// Atoms that join a working set at once.

#include <cstdint>

#include "kernels/solve_tiers.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// In a first pass, and where sets are small; where they are large, at most and at least.
inline constexpr int first_picks = 32;
inline constexpr int most_picks = 64;
inline constexpr int least_picks = 16;

/// The picks of a step, with their correlations.
struct Picks {
  std::int32_t atoms[most_picks];
  float correlations[most_picks];
};

/// Beside `present` atoms in a solver of `capacity` places: large sets take many at once, but fewer rather than go on to the
/// next solver.
SPLICE_KERNEL int picks_at_once(int capacity, int present) {
  if (capacity <= tier_capacity(1)) return first_picks;
  const int room = capacity - present;
  return room >= least_picks && room < most_picks ? room : most_picks;
}

}  // namespace splice_cuda::cuda
