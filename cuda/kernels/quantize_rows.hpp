#pragma once

/// @file quantize_rows.hpp
/// Stage `screen`: the int8 copy of each row's residual and what the screening that comes next has to list.

#include <cmath>
#include <cstdint>

#include "core/screen_math.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Expected movement of the residual after a screening, over lambda, by margin_level: after the first pass, the same where
/// that made the list overflow or was not needed, and the last resort.
SPLICE_KERNEL double movement_at(int level) { return level == 0 ? 0.12 : level == 1 ? 0.05 : 0.02; }
inline constexpr int margin_levels = 3;

/// Item: a place among the active rows.
struct QuantizeRowsKernel {
  struct Args {
    std::int64_t ld = 0;
    float atom_norm = 0;
    RowsView rows;
    ScreenView screen;
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "quantize_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return *args.screen.active_count; }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int32_t row = args.screen.active[place];
    const bool first = args.rows.phase[row] == RowPhase::first_pass;
    const float* r = (first ? args.rows.z : args.rows.r) + row * args.ld;
    auto q = group.array(reinterpret_cast<std::uint32_t*>(args.screen.q + place * args.ld), args.ld / 4);
    // Past the dimension there are zeros.
    const float top = group.template max<float>([&](int lane) {
      float largest = 0;
      SPLICE_UNROLL_BY(4)
      for (std::int64_t k = 4 * lane; k < args.ld; k += 4 * Group::size) {
        const Four four = group.load4(r, k);
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) largest = std::fabs(four.of[e]) > largest ? std::fabs(four.of[e]) : largest;
      }
      return largest;
    });
    const bool lost = !(top > 1e-30f);  // so small that 127 / top may overflow: r^ = 0
    const float scale = lost ? 0.0f : top / 127.0f;
    const float inverse = lost ? 0.0f : 127.0f / top;
    // Squares in fp64: |r - r^| and |r^| but for 1e-13.
    struct Squares {
      double error;
      double norm;
    };
    typename Group::template PerLane<Squares> squares;
    group.each([&](int lane) {
      Squares own{};
      SPLICE_UNROLL_BY(4)
      for (std::int64_t k = 4 * lane; k < args.ld; k += 4 * Group::size) {
        const Four four = group.load4(r, k);
        std::uint32_t word = 0;
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) {
          const float rounded = std::rint(four.of[e] * inverse);
          word |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(static_cast<std::int8_t>(rounded))) << (8 * e);
          const double back = static_cast<double>(scale) * static_cast<double>(rounded);
          const double lost_here = static_cast<double>(four.of[e]) - back;
          own.error = std::fma(lost_here, lost_here, own.error);
          own.norm = std::fma(back, back, own.norm);
        }
        q[k / 4] = word;
      }
      squares[lane] = own;
    });
    const double error = std::sqrt(group.template sum<double>([&](int lane) { return squares[lane].error; }));
    const double norm = std::sqrt(group.template sum<double>([&](int lane) { return squares[lane].norm; }));
    group.once([&] { plan(args, row, first, scale, norm, error); });
  }

 private:
  static SPLICE_KERNEL void plan(const Args& args, std::int32_t row, bool first, float scale, double norm, double error) {
    const double lambda = args.rows.lambda[row];
    const ScreenView& screen = args.screen;
    screen.scale[row] = scale;
    screen.list_count[row] = 0;
    args.rows.rounds[row] += 1;
    if (first) {
      // Values alone, without bounds: |z| ~ 1, and correlations below 0.08 never start a set.
      constexpr double lowest = 0.08;
      const double floor = lowest * static_cast<double>(args.atom_norm);
      screen.norm[row] = 0;
      screen.threshold[row] = static_cast<float>(lambda > floor ? lambda : floor);
      screen.margin_level[row] = 0;
      return;
    }
    const math::ScreenLimits limits = math::screen_limits(lambda, movement_at(screen.margin_level[row]), error,
                                                          static_cast<double>(args.atom_norm));
    screen.norm[row] = static_cast<float>(norm * (1 + 1e-6));
    screen.threshold[row] = limits.useful ? static_cast<float>(limits.threshold) : 3e38f;
    screen.unlisted_bound[row] = static_cast<float>(limits.unlisted_bound);
    if (!limits.useful) args.rows.phase[row] = RowPhase::exact;
  }
};

}  // namespace splice_cuda::cuda
