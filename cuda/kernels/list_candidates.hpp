#pragma once

/// @file list_candidates.hpp
/// Stage `screen`: from a block of int8 products to lists of candidates.

#include <cstdint>

#include "kernels/screen_view.hpp"
#include "kernels/screened_value.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Item: a place of the block. Appends to the row's list.
struct ListCandidatesKernel {
  struct Args {
    ScreenView screen;
    const float* weights = nullptr;  ///< [p padded] ProblemView::screen_weights
    const float* errors = nullptr;   ///< [p padded] ProblemView::screen_error
    bool nonnegative = true;
    std::int64_t first_place = 0;
    std::int64_t first_atom = 0;
    std::int64_t atoms = 0;              ///< of the block
    const std::int32_t* sums = nullptr;  ///< [places, atoms]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "list_candidates_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return *args.screen.active_count - args.first_place; }
  static constexpr int unroll = 4;  // columns a lane and step, 32 apart: lists ascend

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    const std::int64_t place = args.first_place + item;
    const ScreenView& screen = args.screen;
    const std::int32_t row = screen.active[place];
    const std::int32_t* sums = args.sums + item * args.atoms;
    const float scale = screen.scale[row];
    const ScreenedLimits limits = screened_limits(scale, screen.norm[row], screen.threshold[row]);
    auto list_atoms = group.array(screen.list_atoms + row * screen.list_capacity, screen.list_capacity);
    auto list_values = group.array(screen.list_values + row * screen.list_capacity, screen.list_capacity);
    auto list_count = group.array(screen.list_count + row, 1);
    int count = list_count[0];
    group.sync();
    struct Found {
      float value;
      bool passes;
    };
    struct Columns {
      Found of[unroll];
    };
    typename Group::template PerLane<Columns> found;
    typename Group::template PerLane<int> position;
    for (std::int64_t first = 0; first < args.atoms; first += unroll * Group::size) {
      group.each([&](int lane) {
        SPLICE_UNROLL
        for (int u = 0; u < unroll; ++u) {
          const std::int64_t column = first + u * Group::size + lane;
          found[lane].of[u] = {0, false};
          if (column >= args.atoms) continue;
          const float weight = args.weights[args.first_atom + column];
          const float error = args.errors[args.first_atom + column];
          const float shortfall = screened_shortfall(sums[column], weight, error, limits, args.nonnegative);
          found[lane].of[u] = {screened_value(sums[column], weight, scale), shortfall < 0};
        }
      });
      SPLICE_UNROLL
      for (int u = 0; u < unroll; ++u) {
        const auto passes = [&](int lane) { return found[lane].of[u].passes; };
        const int passed = group.positions(passes, position);
        if (passed == 0) continue;
        group.each([&](int lane) {
          const std::int64_t at = count + position[lane];
          if (!passes(lane) || at >= screen.list_capacity) return;
          list_atoms[at] = static_cast<std::int32_t>(args.first_atom + first + u * Group::size + lane);
          list_values[at] = found[lane].of[u].value;
        });
        count += passed;
      }
    }
    group.once([&] { list_count[0] = count; });
  }
};

}  // namespace splice_cuda::cuda
