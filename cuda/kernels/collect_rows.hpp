#pragma once

/// @file collect_rows.hpp
/// Compaction: the rows that still have to be screened, in order. No row waits for a solver so far. One group for the whole tile.

#include <cstdint>
#include <type_traits>

#include "kernels/screen_view.hpp"
#include "kernels/solve_tiers.hpp"
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
  static constexpr int lanes = 1024;
  static constexpr int warps = lanes / 32;
  struct Shared {
    std::int32_t takers[warps];      ///< of each warp's rows, those that take part
    std::int32_t unfinished[warps];
  };
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "collect_rows_kernel";

  /// Each warp has rows that follow each other, up to 32 for each of `steps`: it counts them, and with the counts of those in
  /// front of it knows where its own belong.
  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    auto active = group.array(args.screen.active, args.rows.count);
    auto places = group.array(args.screen.place, args.rows.count);
    auto takers_of = group.array(shared.takers, warps);
    auto unfinished_of = group.array(shared.unfinished, warps);
    typename Group::template PerLane<std::uint64_t> takers;  // bit i: the lane's row of step i takes part
    int count = 0;
    int unfinished = 0;
    constexpr std::int64_t most_rows = std::int64_t{steps} * lanes;
    for (std::int64_t begin = 0; begin < args.rows.count; begin += most_rows) {
      const std::int64_t left = args.rows.count - begin;
      const int own_steps = static_cast<int>(((left < most_rows ? left : most_rows) + lanes - 1) / lanes);
      const auto first_of = [&](int warp) { return begin + std::int64_t{warp} * own_steps * 32; };
      group.warps([&](auto& warp, int index) {
        using Warp = std::remove_reference_t<decltype(warp)>;
        typename Warp::template PerLane<Counts> counts;
        warp.each([&](int lane) {
          counts[lane] = counts_of(args, first_of(index) + lane, own_steps, takers[32 * index + lane]);
        });
        const int taking = warp.template sum<int>([&](int lane) { return counts[lane].takers; });
        const int waiting = warp.template sum<int>([&](int lane) { return counts[lane].unfinished; });
        warp.once([&] {
          takers_of[index] = taking;
          unfinished_of[index] = waiting;
        });
      });
      group.sync();
      group.warps([&](auto& warp, int index) {
        using Warp = std::remove_reference_t<decltype(warp)>;
        typename Warp::template PerLane<int> position;
        int at = count + warp.template sum<int>([&](int lane) { return lane < index ? static_cast<int>(takers_of[lane]) : 0; });
        for (int step = 0; step < own_steps; ++step) {
          const auto takes = [&](int lane) { return (takers[32 * index + lane] >> step & 1) != 0; };
          const int found = warp.positions(takes, position);
          warp.each([&](int lane) {
            if (!takes(lane)) return;
            const auto row = static_cast<std::int32_t>(first_of(index) + step * 32 + lane);
            active[at + position[lane]] = row;
            places[row] = at + position[lane];
          });
          at += found;
        }
      });
      for (int warp = 0; warp < warps; ++warp) {
        count += takers_of[warp];
        unfinished += unfinished_of[warp];
      }
      if (left > most_rows) group.sync();  // before the next ones are counted
    }
    group.once([&] {
      *args.screen.active_count = count;
      *args.unfinished = unfinished;
      for (int list = 0; list < waiting_lists; ++list) args.screen.waiting_count[list] = 0;
    });
  }

 private:
  static constexpr int steps = 64;

  struct Counts {
    int takers;
    int unfinished;
  };

  /// Of the lane's rows `row`, `row` + 32, ... Phases are read eight at a time: their loads are on their way together.
  static SPLICE_KERNEL Counts counts_of(const Args& args, std::int64_t row, int own_steps, std::uint64_t& takers) {
    constexpr int at_once = 8;
    Counts counts{};
    takers = 0;
    SPLICE_NO_UNROLL
    for (int step = 0; step < own_steps; step += at_once) {
      RowPhase phases[at_once];
      SPLICE_UNROLL
      for (int u = 0; u < at_once; ++u) {
        const std::int64_t own = row + (step + u) * 32;
        phases[u] = step + u < own_steps && own < args.rows.count ? args.rows.phase[own] : RowPhase::finished;
      }
      SPLICE_UNROLL
      for (int u = 0; u < at_once; ++u) {
        const bool takes = takes_part(args, phases[u]);
        counts.takers += takes ? 1 : 0;
        counts.unfinished += phases[u] != RowPhase::finished ? 1 : 0;
        takers |= std::uint64_t{takes} << (step + u);
      }
    }
    return counts;
  }

  static SPLICE_KERNEL bool takes_part(const Args& args, RowPhase phase) {
    if (phase == RowPhase::warm) return true;
    return !args.warm_only && (phase == RowPhase::first_pass || phase == RowPhase::certifying || phase == RowPhase::refused);
  }
};

}  // namespace splice_cuda::cuda
