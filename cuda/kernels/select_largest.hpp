#pragma once

/// @file select_largest.hpp
/// The largest of very many values, hundreds of them, in the order of their places.

#include <cstdint>

#include "kernels/list_passing.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// put(0, i), put(1, i), ... by one lane each, ascending: all i < count with value(i) > floor or, where those are more than
/// `most`, the largest of them, at least `least` unless there are ties. Where so many tie that it is all or none of them, the
/// first ones. value(i) by the lane whose turn i is, as in group-strided loops. Ends with a barrier.
/// @returns how many
template <class Group, class Value, class Put>
SPLICE_KERNEL int select_largest(Group& group, int count, double floor, int least, int most, Value value, Put put) {
  constexpr int most_steps = 40;
  const auto above = [&](double limit) {
    return group.template sum<int>([&](int lane) SPLICE_INLINED {
      int passing = 0;
      SPLICE_NO_UNROLL
      for (int i = lane; i < count; i += Group::size) passing += value(i) > limit ? 1 : 0;
      return passing;
    });
  };
  double limit = floor;
  if (above(floor) > most) {
    double low = floor;
    double high = group.template max<double>([&](int lane) SPLICE_INLINED {
      double largest = floor;
      SPLICE_NO_UNROLL
      for (int i = lane; i < count; i += Group::size) largest = value(i) > largest ? value(i) : largest;
      return largest;
    });
    int best = 0;  // above `high`
    SPLICE_NO_UNROLL
    for (int step = 0; step < most_steps && best < least; ++step) {
      const double middle = low + 0.5 * (high - low);
      if (!(middle > low && middle < high)) break;
      const int passing = above(middle);
      if (passing > most) {
        low = middle;
      } else {
        high = middle;
        best = passing;
      }
    }
    limit = best > 0 ? high : low;
  }
  const int found = list_passing(
      group, count, [&](int, int i) { return value(i) > limit; },
      [&](int at, int i) {
        if (at < most) put(at, i);
      });
  return found < most ? found : most;
}

}  // namespace splice_cuda::cuda
