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
    int count = 0;
    int unfinished = 0;
    auto active = group.array(args.screen.active, args.rows.count);
    auto places = group.array(args.screen.place, args.rows.count);
    typename Group::template PerLane<int> position;
    for (std::int64_t first = 0; first < args.rows.count; first += Group::size) {
      const auto phase = [&](int lane) {
        return first + lane < args.rows.count ? args.rows.phase[first + lane] : RowPhase::finished;
      };
      const auto takes_part = [&](int lane) {
        const RowPhase p = phase(lane);
        return p == RowPhase::warm || (!args.warm_only && (p == RowPhase::first_pass || p == RowPhase::certifying));
      };
      unfinished += group.template sum<int>([&](int lane) { return phase(lane) != RowPhase::finished ? 1 : 0; });
      const int found = group.positions(takes_part, position);
      group.each([&](int lane) {
        if (!takes_part(lane)) return;
        const auto row = static_cast<std::int32_t>(first + lane);
        active[count + position[lane]] = row;
        places[row] = count + position[lane];
      });
      count += found;
    }
    group.once([&] {
      *args.screen.active_count = count;
      *args.unfinished = unfinished;
    });
  }
};

}  // namespace splice_cuda::cuda
