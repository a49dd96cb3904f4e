#pragma once

/// @file solve_tiers.hpp
/// Float32 solvers by the size of working sets (solve_rows.hpp), and the lists of rows that wait for each.

namespace splice_cuda::cuda {

/// A warp's registers, more of them, a block's registers, global memory.
inline constexpr int solver_tiers = 4;
/// Those in registers have code of their own for guesses, for solutions, and for solutions that are checked: what a warp runs has to
/// stay short. Guesses are what comes first: two sizes will do. The largest solver checks whatever it solves, and there is no
/// smallest one that checks: few rows need that.
inline constexpr int register_tiers = 3;
inline constexpr int guessing_tiers = 2;

/// Places of their working sets.
constexpr int tier_capacity(int tier) { return tier == 0 ? 32 : tier == 1 ? 64 : tier == 2 ? 128 : 384; }

/// Lists of waiting rows.
inline constexpr int waiting_lists = guessing_tiers + register_tiers + solver_tiers - 1;
constexpr int guess_list(int tier) { return tier; }
constexpr int check_list(int tier) { return guessing_tiers + register_tiers + (tier > 0 ? tier - 1 : 0); }
constexpr int solve_list(int tier) { return tier < register_tiers ? guessing_tiers + tier : check_list(tier); }

}  // namespace splice_cuda::cuda
