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
    // Rows next to each other for each lane: one sum over the lanes in front says where its own ones begin.
    const std::int64_t share = (args.rows.count + Group::size - 1) / Group::size;
    const auto each_row = [&](int lane, auto use) {
      const std::int64_t end = (lane + 1) * share < args.rows.count ? (lane + 1) * share : args.rows.count;
      for (std::int64_t row = lane * share; row < end; ++row) use(row, args.rows.phase[row]);
    };
    typename Group::template PerLane<int> own;
    const int unfinished = group.template sum<int>([&](int lane) {
      int found = 0;
      own[lane] = 0;
      each_row(lane, [&](std::int64_t, RowPhase phase) {
        found += phase != RowPhase::finished ? 1 : 0;
        own[lane] += takes_part(args, phase) ? 1 : 0;
      });
      return found;
    });
    typename Group::template PerLane<int> first;
    typename Group::template PerLane<int> ones;
    group.each([&](int lane) { first[lane] = 0; });
    int count = 0;
    for (int bit = 0; share >> bit != 0; ++bit) {
      count += group.positions([&](int lane) { return (own[lane] >> bit & 1) != 0; }, ones) << bit;
      group.each([&](int lane) { first[lane] += ones[lane] << bit; });
    }
    group.each([&](int lane) {
      int place = first[lane];
      each_row(lane, [&](std::int64_t row, RowPhase phase) {
        if (!takes_part(args, phase)) return;
        active[place] = static_cast<std::int32_t>(row);
        places[row] = place++;
      });
    });
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
