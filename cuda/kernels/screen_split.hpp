#pragma once

/// @file screen_split.hpp
/// Which places and atoms a block of the fused screening takes.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Few rows are too few blocks to fill a device, so that their atoms are split into segments, of a block each. Where in the
/// lists a segment begins is known only when the ones before it are counted: all is multiplied twice, once to count. So
/// fewer than four segments are not worth it.
struct ScreenSplit {
  static constexpr int fewest_segments = 4;
  static constexpr int most_segments = 32;

  std::int64_t place_blocks = 0;
  int segments = 1;
  int segment_tiles = 0;  ///< tiles of atoms a segment, at most
};

/// @param tiles  of atoms, at least one
/// @param block_places   places a block
/// @param target_blocks  that the device runs at once
SPLICE_KERNEL ScreenSplit split_screening(std::int64_t places, int tiles, int block_places, int target_blocks) {
  ScreenSplit split;
  split.place_blocks = (places + block_places - 1) / block_places;
  std::int64_t segments = split.place_blocks > 0 ? target_blocks / split.place_blocks : 1;
  segments = segments < tiles ? segments : tiles;
  segments = segments < ScreenSplit::most_segments ? segments : ScreenSplit::most_segments;
  split.segments = segments < ScreenSplit::fewest_segments ? 1 : static_cast<int>(segments);
  split.segment_tiles = (tiles + split.segments - 1) / split.segments;
  split.segments = (tiles + split.segment_tiles - 1) / split.segment_tiles;  // none is empty
  return split;
}

}  // namespace splice_cuda::cuda
