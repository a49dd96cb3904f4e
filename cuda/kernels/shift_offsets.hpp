#pragma once

/// @file shift_offsets.hpp
/// Stage `compact`: a tile's row offsets as those of the whole result.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Item: 32 offsets, one a lane.
struct ShiftOffsetsKernel {
  struct Args {
    const std::int64_t* offsets = nullptr;  ///< [count], of the tile
    std::int64_t count = 0;
    std::int64_t before = 0;                ///< entries of the tiles before
    std::int64_t* shifted = nullptr;        ///< [count]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "shift_offsets_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    group.each([&](int lane) {
      const std::int64_t i = item * Group::size + lane;
      if (i < args.count) args.shifted[i] = args.offsets[i] + args.before;
    });
  }
};

}  // namespace splice_cuda::cuda
