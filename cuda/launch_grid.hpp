#pragma once

/// @file launch_grid.hpp
/// How many blocks a launch has.

#include <algorithm>
#include <cstdint>

namespace splice_cuda::cuda {

/// Groups beyond the most blocks take turns, as entry_kernel (cuda_device.cuh) has it.
constexpr std::int64_t blocks_of(std::int64_t groups, int groups_per_block) {
  constexpr std::int64_t most = 1 << 20;
  return std::min((groups + groups_per_block - 1) / groups_per_block, most);
}

}  // namespace splice_cuda::cuda
