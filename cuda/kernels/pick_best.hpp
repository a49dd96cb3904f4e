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
  // A lane's first values stay in its registers.
  constexpr int kept_values = Group::size == 32 ? 16 : 4;
  constexpr int kept = kept_values * Group::size;
  struct Values {
    float of[kept_values];
  };
  typename Group::template PerLane<Values> values;
  group.each([&](int lane) SPLICE_INLINED {
    SPLICE_UNROLL
    for (int u = 0; u < kept_values; ++u) {
      const int i = u * Group::size + lane;
      values[lane].of[u] = i < count ? static_cast<float>(value(i)) : floor;
    }
  });
  const auto above = [&](float limit) SPLICE_INLINED {
    return group.template sum<int>([&](int lane) SPLICE_INLINED {
      int found = 0;
      SPLICE_UNROLL
      for (int u = 0; u < kept_values; ++u) found += values[lane].of[u] > limit ? 1 : 0;
      SPLICE_NO_UNROLL
      for (int i = kept + lane; i < count; i += Group::size) found += value(i) > limit ? 1 : 0;
      return found;
    });
  };
  float limit = floor;
  float low = floor;
  float high = floor;
  int best = 0;  // above `high`
  SPLICE_NO_UNROLL
  for (int step = -1; step < 20 && best < most; ++step) {
    const float middle = step < 0 ? floor : low + 0.5f * (high - low);
    if (step >= 0 && (!(middle > low) || !(middle < high))) break;
    const int found = above(middle);
    if (step < 0) {
      if (found == 0) return 0;
      if (found <= most) break;
      high = group.template max<float>([&](int lane) SPLICE_INLINED {
        float top = floor;
        SPLICE_UNROLL
        for (int u = 0; u < kept_values; ++u) top = values[lane].of[u] > top ? values[lane].of[u] : top;
        SPLICE_NO_UNROLL
        for (int i = kept + lane; i < count; i += Group::size) top = value(i) > top ? value(i) : top;
        return top;
      });
    } else if (found > most) {
      low = middle;
    } else {
      high = middle;
      best = found;
    }
    limit = best > 0 ? high : low;
  }
  int taken = 0;
  typename Group::template PerLane<int> position;
  const auto take_above = [&](int first, auto own) SPLICE_INLINED {
    const auto passes = [&](int lane) { return first + lane < count && own(lane) > limit; };
    const int passed = group.positions(passes, position);
    group.each([&](int lane) {
      if (passes(lane) && taken + position[lane] < most) take(taken + position[lane], first + lane);
    });
    taken = taken + passed < most ? taken + passed : most;
  };
  SPLICE_UNROLL
  for (int u = 0; u < kept_values; ++u) {
    if (u * Group::size < count && taken < most) take_above(u * Group::size, [&](int lane) { return values[lane].of[u]; });
  }
  SPLICE_NO_UNROLL
  for (int first = kept; first < count && taken < most; first += Group::size) {
    take_above(first, [&](int lane) { return static_cast<float>(value(first + lane)); });
  }
  return taken;
}

}  // namespace splice_cuda::cuda
