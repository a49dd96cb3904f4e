#pragma once

/// @file solve_tiers.hpp
/// Float32 solvers by the size of working sets (solve_rows.hpp), and which of them a row takes.

namespace splice_cuda::cuda {

/// A warp's registers, more of them, a block's registers, global memory.
inline constexpr int solver_tiers = 4;
inline constexpr int larger_solvers = solver_tiers - 1;  ///< than the first one, which looks at all rows

/// Places of their working sets.
constexpr int tier_capacity(int tier) { return tier == 0 ? 32 : tier == 1 ? 64 : tier == 2 ? 128 : 384; }

}  // namespace splice_cuda::cuda
