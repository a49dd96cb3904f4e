#pragma once

/// @file pick_best.hpp
/// Stage `select`: the best few of many values.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Puts into places[0], places[1], ... the i < count with the largest value(i) among those above `floor`, ascending, at most
/// `most` of them. Values that are equal to within 2^-20 of the range may be left out together; where that would leave none,
/// the first ones are taken.
///
/// A lane holds its values in registers, so many at a time that their loads are on their way together; the best ones so far
/// are among them, one a lane.
/// @param value   any i of a lane's own turn, by that lane; all are read, whether they pass or not
/// @param places  [most]
/// @param values  [most] scratch: value(i) of what was taken. most <= Group::size
/// @returns how many. Ends with a barrier.
template <class Group, class Value, class Places, class Values>
SPLICE_KERNEL int pick_best(Group& group, int count, Value value, float floor, int most, const Places& places,
                            const Values& values) {
  constexpr int held = 8;  // by a lane; the first is one of the best so far
  constexpr int span = (held - 1) * Group::size;
  struct Held {
    float of[held];
  };
  typename Group::template PerLane<Held> own;
  typename Group::template PerLane<std::int32_t> best_place;
  typename Group::template PerLane<int> position;
  int taken = 0;
  SPLICE_NO_UNROLL
  for (int first = 0; first < count; first += span) {
    group.each([&](int lane) SPLICE_INLINED {
      float found[held];
      SPLICE_UNROLL
      for (int u = 1; u < held; ++u) {
        const int i = first + (u - 1) * Group::size + lane;
        found[u] = value(i < count ? i : count - 1);
      }
      best_place[lane] = lane < taken ? static_cast<std::int32_t>(places[lane]) : 0;
      own[lane].of[0] = lane < taken ? static_cast<float>(values[lane]) : floor;
      SPLICE_UNROLL
      for (int u = 1; u < held; ++u) own[lane].of[u] = first + (u - 1) * Group::size + lane < count ? found[u] : floor;
    });
    group.sync();
    float limit = floor;
    float low = floor;
    float high = floor;
    int best = 0;  // above `high`
    SPLICE_NO_UNROLL
    for (int step = -1; step < 20 && best < most; ++step) {
      const float middle = step < 0 ? floor : low + 0.5f * (high - low);
      if (step >= 0 && (!(middle > low) || !(middle < high))) break;
      const int above = group.template sum<int>([&](int lane) SPLICE_INLINED {
        int passing = 0;
        SPLICE_UNROLL
        for (int u = 0; u < held; ++u) passing += own[lane].of[u] > middle ? 1 : 0;
        return passing;
      });
      if (step < 0) {
        if (above <= most) break;  // all of them
        high = group.template max<float>([&](int lane) SPLICE_INLINED {
          float top = floor;
          SPLICE_UNROLL
          for (int u = 0; u < held; ++u) top = own[lane].of[u] > top ? own[lane].of[u] : top;
          return top;
        });
      } else if (above > most) {
        low = middle;
      } else {
        high = middle;
        best = above;
      }
      limit = best > 0 ? high : low;
    }
    taken = 0;
    SPLICE_UNROLL
    for (int u = 0; u < held; ++u) {
      const int i = first + (u - 1) * Group::size;
      if (i >= count || taken >= most) continue;
      const int passing = group.positions([&](int lane) { return own[lane].of[u] > limit; }, position);
      group.each([&](int lane) {
        const int slot = taken + position[lane];
        if (!(own[lane].of[u] > limit) || slot >= most) return;
        places[slot] = u == 0 ? best_place[lane] : i + lane;
        values[slot] = own[lane].of[u];
      });
      taken = taken + passing < most ? taken + passing : most;
    }
    group.sync();
  }
  return taken;
}

}  // namespace splice_cuda::cuda
