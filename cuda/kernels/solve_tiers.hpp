#pragma once

/// @file solve_tiers.hpp
/// Float32 solvers by the size of working sets (solve_rows.hpp), and which of them a row takes.

namespace splice_cuda::cuda {

/// Registers, more registers, shared memory, global memory.
inline constexpr int solver_tiers = 4;

/// Places of the solvers that hold them in registers, of the one in shared memory (what 48 KiB hold), and in global memory.
constexpr int tier_capacity(int tier) { return tier == 0 ? 32 : tier == 1 ? 64 : tier == 2 ? 104 : 384; }

}  // namespace splice_cuda::cuda
