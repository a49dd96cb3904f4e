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
/// are among them.
/// @tparam limit  of `most`
/// @param value   any i of a lane's own turn, by that lane; all are read, whether they pass or not
/// @param places  [most]
/// @param values  [most] value(i) of what was taken
/// @returns how many. Ends with a barrier.
template <int limit, class Group, class Value, class Places, class Values>
SPLICE_KERNEL int pick_best(Group& group, int count, Value value, float floor, int most, const Places& places,
                            const Values& values) {
  constexpr int best_held = (limit + Group::size - 1) / Group::size;  // by a lane: of the best so far, the first ones
  constexpr int held = best_held + 7;
  constexpr int span = (held - best_held) * Group::size;
  struct Held {
    float of[held];
  };
  typename Group::template PerLane<Held> own;
  struct BestPlaces {
    std::int32_t of[best_held];
  };
  typename Group::template PerLane<BestPlaces> best_place;
  typename Group::template PerLane<int> position;
  int taken = 0;
  SPLICE_NO_UNROLL
  for (int first = 0; first < count; first += span) {
    const auto index = [&](int lane, int u) { return first + (u - best_held) * Group::size + lane; };
    group.each([&](int lane) SPLICE_INLINED {
      float found[held];
      SPLICE_UNROLL
      for (int u = best_held; u < held; ++u) found[u] = value(index(lane, u) < count ? index(lane, u) : count - 1);
      SPLICE_UNROLL
      for (int u = 0; u < best_held; ++u) {
        const int slot = u * Group::size + lane;
        best_place[lane].of[u] = slot < taken ? static_cast<std::int32_t>(places[slot]) : 0;
        own[lane].of[u] = slot < taken ? static_cast<float>(values[slot]) : floor;
      }
      SPLICE_UNROLL
      for (int u = best_held; u < held; ++u) own[lane].of[u] = index(lane, u) < count ? found[u] : floor;
    });
    group.sync();
    float least = floor;
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
      least = best > 0 ? high : low;
    }
    taken = 0;
    SPLICE_UNROLL
    for (int u = 0; u < held; ++u) {
      if (index(0, u) >= count || taken >= most) continue;
      const int passing = group.positions([&](int lane) { return own[lane].of[u] > least; }, position);
      group.each([&](int lane) {
        const int slot = taken + position[lane];
        if (!(own[lane].of[u] > least) || slot >= most) return;
        places[slot] = u < best_held ? best_place[lane].of[u] : index(lane, u);
        values[slot] = own[lane].of[u];
      });
      taken = taken + passing < most ? taken + passing : most;
    }
    group.sync();
  }
  return taken;
}

}  // namespace splice_cuda::cuda
