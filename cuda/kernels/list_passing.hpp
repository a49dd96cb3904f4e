#pragma once

/// @file list_passing.hpp
/// Which of many entries have to be looked at closely: a test by all lanes, and the places of what passes, in order.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// put(0, i, entry), put(1, i, entry), ... by one lane each for the i < count with passes(lane, i, entry), ascending; each entry
/// is read and tested once, by one lane. Reads of `ahead` entries a lane are on their way together, those past the end of the
/// last one again. Ends with a barrier.
/// @param read  read(i): entry i
/// @returns how many pass
template <int ahead = 4, class Group, class Read, class Passes, class Put>
SPLICE_KERNEL int list_passing_entries(Group& group, int count, Read read, Passes passes, Put put) {
  struct Entries {
    decltype(read(0)) of[ahead];
  };
  int found = 0;
  typename Group::template PerLane<Entries> entries;
  typename Group::template PerLane<int> passed;
  typename Group::template PerLane<int> position;
  SPLICE_NO_UNROLL
  for (int first = 0; first < count; first += Group::size) {
    if (first % (ahead * Group::size) == 0) {
      group.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int u = 0; u < ahead; ++u) {
          const int i = first + u * Group::size + lane;
          entries[lane].of[u] = read(i < count ? i : count - 1);
        }
      });
    }
    group.each([&](int lane) SPLICE_INLINED {
      passed[lane] = first + lane < count && passes(lane, first + lane, entries[lane].of[0]) ? 1 : 0;
    });
    const int more = group.positions([&](int lane) { return passed[lane] != 0; }, position);
    group.each([&](int lane) SPLICE_INLINED {
      if (passed[lane] != 0) put(found + position[lane], first + lane, entries[lane].of[0]);
      SPLICE_UNROLL
      for (int u = 1; u < ahead; ++u) entries[lane].of[u - 1] = entries[lane].of[u];  // no register has a number at run time
    });
    found += more;
  }
  group.sync();
  return found;
}

/// The same of entries that passes(lane, i) and put(at, i) read themselves.
template <class Group, class Passes, class Put>
SPLICE_KERNEL int list_passing(Group& group, int count, Passes passes, Put put) {
  return list_passing_entries<1>(
      group, count, [](int) { return 0; }, [&](int lane, int i, int) { return passes(lane, i); },
      [&](int at, int i, int) { put(at, i); });
}

}  // namespace splice_cuda::cuda
