#pragma once

/// @file collect_rows.hpp
/// Compaction: the rows that still have to be screened, in order. One group for the whole tile.

#include <cstdint>

#include "kernels/screen_view.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct CollectRowsKernel {
  struct Args {
    RowsView rows;
    ScreenView screen;
    std::int32_t* unfinished = nullptr;  ///< [1] rows that are not finished, whatever they wait for
    bool warm_only = false;  ///< rows that start from a code: what they are solved with before anything is screened
  };
  struct Shared {};
  static constexpr int lanes = 1024;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "collect_rows_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t, const Args& args, Shared&) {
    auto active = group.array(args.screen.active, args.rows.count);
    auto places = group.array(args.screen.place, args.rows.count);
    typename Group::template PerLane<std::uint64_t> takers;  // bit i: the lane's row of step i takes part
    typename Group::template PerLane<int> position;
    int count = 0;
    int unfinished = 0;
    // All phases are read first, many at once: what follows waits for barriers alone.
    constexpr int steps = 64;
    for (std::int64_t first = 0; first < args.rows.count; first += std::int64_t{steps} * Group::size) {
      unfinished += group.template sum<int>([&](int lane) {
        int found = 0;
        std::uint64_t bits = 0;
        for (int step = 0; step < steps; ++step) {
          const std::int64_t row = first + step * Group::size + lane;
          if (row >= args.rows.count) break;
          const RowPhase phase = args.rows.phase[row];
          found += phase != RowPhase::finished ? 1 : 0;
          bits |= std::uint64_t{takes_part(args, phase)} << step;
        }
        takers[lane] = bits;
        return found;
      });
      for (int step = 0; step < steps && first + step * Group::size < args.rows.count; ++step) {
        const auto takes = [&](int lane) { return (takers[lane] >> step & 1) != 0; };
        const int found = group.positions(takes, position);
        group.each([&](int lane) {
          if (!takes(lane)) return;
          const auto row = static_cast<std::int32_t>(first + step * Group::size + lane);
          active[count + position[lane]] = row;
          places[row] = count + position[lane];
        });
        count += found;
      }
    }
    group.once([&] {
      *args.screen.active_count = count;
      *args.unfinished = unfinished;
    });
  }

 private:
  static SPLICE_KERNEL bool takes_part(const Args& args, RowPhase phase) {
    if (phase == RowPhase::warm) return true;
    return !args.warm_only && (phase == RowPhase::first_pass || phase == RowPhase::certifying);
  }
};

}  // namespace splice_cuda::cuda
