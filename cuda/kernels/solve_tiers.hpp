#pragma once

/// @file solve_tiers.hpp
/// Float32 solvers by the size of working sets (guess_rows.hpp, solve_rows.hpp), and the lists of rows that wait for each.

namespace splice_cuda::cuda {

/// A warp's registers, more of them, a block's registers, global memory.
inline constexpr int solver_tiers = 4;
/// Those in registers, which have code of their own for guesses, for solutions, and for solutions that are checked: what a warp
/// runs has to stay short. The largest one checks whatever it solves, and there is no smallest one that checks: few rows need that.
inline constexpr int register_tiers = 3;

/// Places of their working sets.
constexpr int tier_capacity(int tier) { return tier == 0 ? 32 : tier == 1 ? 64 : tier == 2 ? 128 : 384; }

/// Lists of waiting rows.
inline constexpr int waiting_lists = 3 * register_tiers;
constexpr int guess_list(int tier) { return tier; }
constexpr int check_list(int tier) { return 2 * register_tiers + (tier > 0 ? tier - 1 : 0); }
constexpr int solve_list(int tier) { return tier < register_tiers ? register_tiers + tier : check_list(tier); }

}  // namespace splice_cuda::cuda
