#pragma once

/// @file prepare.hpp
/// Stage `prepare`: a row to float32, scaled by a power of two such that 1 <= |z| < 2; rows of zeros and rows with NaN or
/// infinity are set apart. (The same arithmetic as src/cpu/load_row.hpp, but for the order of the norm's sum.)

#include <cmath>
#include <cstdint>

#include "kernels/load.hpp"
#include "kernels/split_atoms.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

struct PrepareKernel {
  struct Args {
    const void* input = nullptr;  ///< [rows, dim] of `dtype`, ld_input elements apart
    DType dtype = DType::float32;
    std::int64_t ld_input = 0;
    std::int64_t dim = 0;
    std::int64_t ld = 0;
    double penalty = 0;                ///< of all rows, on the scale of the interface
    const float* penalties = nullptr;  ///< or one a row of the tile
    double smallest_lambda = 0;        ///< rows outside these bounds are left to fp64
    double largest_lambda = 0;
    bool warm = false;                 ///< rows with a code start from it
    RowsView rows;
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "prepare_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    double norm = 0;
    bool regular = false;
    int exponent = 0;
    with_elements(args.input, args.dtype, [&](const auto* elements) {
      const auto* input = elements + row * args.ld_input;
      norm = std::sqrt(group.template sum<double>([&](int lane) {
        double sum = 0;
        SPLICE_UNROLL_BY(8)
        for (std::int64_t k = lane; k < args.dim; k += Group::size) {
          const auto value = static_cast<double>(as_float(input[k]));
          sum = std::fma(value, value, sum);
        }
        return sum;
      }));
      regular = std::isfinite(norm) && norm != 0;
      exponent = regular ? -std::ilogb(norm) : 0;
      write_scaled(group, args, row, input, regular ? std::ldexp(1.0, exponent) : 0.0);
    });
    group.once([&] { begin(args, row, norm, regular, exponent); });
  }

 private:
  /// @param power  of two, or 0: the row is not regular
  template <class Group, class Element>
  static SPLICE_KERNEL void write_scaled(Group& group, const Args& args, std::int64_t row, const Element* input, double power) {
    auto z = group.array(args.rows.z + row * args.ld, args.ld);
    const bool split = args.rows.z_halves != nullptr;
    auto halves = group.array(split ? args.rows.z_halves + 2 * row * args.ld : nullptr, split ? 2 * args.ld : 0);
    const auto write = [&](std::int64_t k, float value) {
      z[k] = value;
      if (!split) return;
      const HalfPair pair = split_number<Group>(value * vector_scale);
      halves[k] = pair.high;
      halves[args.ld + k] = pair.low;
    };
    group.each([&](int lane) {
      SPLICE_UNROLL_BY(8)
      for (std::int64_t k = lane; k < args.dim; k += Group::size) {
        write(k, power != 0 ? static_cast<float>(static_cast<double>(as_float(input[k])) * power) : 0.0f);
      }
      for (std::int64_t k = args.dim + lane; k < args.ld; k += Group::size) write(k, 0);
    });
  }

  static SPLICE_KERNEL void begin(const Args& args, std::int64_t row, double norm, bool regular, int exponent) {
    const RowsView& rows = args.rows;
    const double penalty = args.penalties != nullptr ? static_cast<double>(args.penalties[row]) : args.penalty;
    const double lambda = std::ldexp(0.5 * penalty, exponent);
    const double irregular = norm == 0 ? 0.0 : std::nan("");
    rows.exponent[row] = exponent;
    rows.lambda[row] = lambda;
    rows.rounds[row] = 0;
    rows.iterations[row] = 0;
    rows.misses[row] = 0;
    rows.primal[row] = rows.dual[row] = rows.gap[row] = rows.kkt_violation[row] = irregular;
    if (!args.warm || !regular) rows.code_count[row] = 0;
    if (!regular) {
      rows.status[row] = static_cast<std::int32_t>(norm == 0 ? RowStatus::zero_embedding : RowStatus::non_finite_input);
      rows.phase[row] = RowPhase::finished;
      return;
    }
    rows.status[row] = static_cast<std::int32_t>(RowStatus::budget_exhausted);
    const bool within = lambda > args.smallest_lambda && lambda < args.largest_lambda;
    const bool started = rows.code_count[row] > 0;
    rows.phase[row] = !within ? RowPhase::exact : started ? RowPhase::warm : RowPhase::first_pass;
  }
};

}  // namespace splice_cuda::cuda
