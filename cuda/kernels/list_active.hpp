#pragma once

/// @file list_active.hpp
/// Which rows of a tile are not finished. What the host is told of them is one small copy.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct ActiveRows {
  std::int32_t count = 0;
  std::int32_t lowest = 0;   ///< of `figure`, over these rows
  std::int32_t highest = 0;
};

/// One item.
struct ListActiveKernel {
  struct Args {
    RowsView rows;
    const std::int32_t* figure = nullptr;  ///< [rows] whose range is asked for; may be null
    std::int32_t* active = nullptr;        ///< [rows]
    ActiveRows* found = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "list_active_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t, const Args& args, Shared&) {
    typename Group::template PerLane<int> position;
    const auto is_active = [&](std::int64_t row) {
      return row < args.rows.count && args.rows.phase[row] != RowPhase::finished;
    };
    int count = 0;
    for (std::int64_t first = 0; first < args.rows.count; first += Group::size) {
      const int found = group.positions([&](int lane) { return is_active(first + lane); }, position);
      group.each([&](int lane) {
        if (is_active(first + lane)) args.active[count + position[lane]] = static_cast<std::int32_t>(first + lane);
      });
      count += found;
    }
    constexpr int none = 1 << 20;
    const auto over_active = [&](int lane, int start, auto better) {
      int best = start;
      if (args.figure == nullptr) return best;
      for (std::int64_t row = lane; row < args.rows.count; row += Group::size) {
        if (is_active(row) && better(args.figure[row], best)) best = args.figure[row];
      }
      return best;
    };
    const int lowest =
        group.template min<int>([&](int lane) { return over_active(lane, none, [](int a, int b) { return a < b; }); });
    const int highest =
        group.template max<int>([&](int lane) { return over_active(lane, -none, [](int a, int b) { return a > b; }); });
    group.once([&] { *args.found = {count, lowest, highest}; });
  }
};

}  // namespace splice_cuda::cuda
