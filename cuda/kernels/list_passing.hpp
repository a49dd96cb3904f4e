#pragma once

/// @file list_passing.hpp
/// Which of many entries have to be looked at closely: a test by all lanes, and the places of what passes, in order.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// put(0, i), put(1, i), ... by one lane each for the i < count with passes(lane, i), ascending; each entry is tested once, by
/// one lane. Ends with a barrier.  @returns how many pass
template <class Group, class Passes, class Put>
SPLICE_KERNEL int list_passing(Group& group, int count, Passes passes, Put put) {
  int found = 0;
  typename Group::template PerLane<int> passed;
  typename Group::template PerLane<int> position;
  SPLICE_NO_UNROLL
  for (int first = 0; first < count; first += Group::size) {
    group.each([&](int lane) { passed[lane] = first + lane < count && passes(lane, first + lane) ? 1 : 0; });
    const int more = group.positions([&](int lane) { return passed[lane] != 0; }, position);
    group.each([&](int lane) {
      if (passed[lane] != 0) put(found + position[lane], first + lane);
    });
    found += more;
  }
  group.sync();
  return found;
}

}  // namespace splice_cuda::cuda
