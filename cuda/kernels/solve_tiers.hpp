#pragma once

/// @file solve_tiers.hpp
/// Float32 solvers by the size of working sets (solve_rows.hpp), and which of them a row takes.

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Registers, more registers, shared memory, global memory.
inline constexpr int solver_tiers = 4;

/// Places of the solvers that hold them in registers, of the one in shared memory (what 48 KiB hold), and in global memory.
constexpr int tier_capacity(int tier) { return tier == 0 ? 32 : tier == 1 ? 64 : tier == 2 ? 104 : 384; }

/// By the support that a first pass has found: it grows to some twice as much, and what joins in vain takes places, too.
SPLICE_KERNEL int tier_after_first_pass(int support) {
  const int wanted = 2 * support + 8;
  return wanted <= tier_capacity(0) ? 0 : wanted <= tier_capacity(1) ? 1 : 2;
}

}  // namespace splice_cuda::cuda
