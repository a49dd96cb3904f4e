#pragma once

/// @file pick_best.hpp
/// Stage `select`: the best few of many values.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Calls take(slot, i) by one lane each for the i < count with the largest value(i) among those above `floor`, at most
/// `most` of them, i ascending; slots count from 0. Values that are equal to within 2^-20 of the range may be left out
/// together; where that would leave none, the first ones are taken.
/// @returns how many. The caller has a barrier afterwards.
template <class Group, class Value, class Take>
SPLICE_KERNEL int pick_best(Group& group, int count, Value value, float floor, int most, Take take) {
  const auto above = [&](float limit) {
    return group.template sum<int>([&](int lane) {
      int found = 0;
      for (int i = lane; i < count; i += Group::size) found += value(i) > limit ? 1 : 0;
      return found;
    });
  };
  float limit = floor;
  int found = above(floor);
  if (found == 0) return 0;
  if (found > most) {
    float low = floor;
    float high = group.template max<float>([&](int lane) {
      float top = floor;
      for (int i = lane; i < count; i += Group::size) top = value(i) > top ? value(i) : top;
      return top;
    });
    int best = 0;  // above `high`
    for (int step = 0; step < 20 && best < most; ++step) {
      const float middle = low + 0.5f * (high - low);
      if (!(middle > low) || !(middle < high)) break;
      found = above(middle);
      if (found > most) {
        low = middle;
      } else {
        high = middle;
        best = found;
      }
    }
    limit = best > 0 ? high : low;
  }
  int taken = 0;
  typename Group::template PerLane<int> position;
  for (int first = 0; first < count && taken < most; first += Group::size) {
    const auto passes = [&](int lane) { return first + lane < count && value(first + lane) > limit; };
    const int passed = group.positions(passes, position);
    group.each([&](int lane) {
      if (passes(lane) && taken + position[lane] < most) take(taken + position[lane], first + lane);
    });
    taken = taken + passed < most ? taken + passed : most;
  }
  return taken;
}

}  // namespace splice_cuda::cuda
