#pragma once

/// @file fista_step.hpp
/// FISTA's iteration, apart from the product with all atoms (core/fista_math.hpp; src/cpu/fista.cpp is the same algorithm).
/// Residuals are linear in x: that of the extrapolated point needs no product of its own.

#include <cstdint>

#include "core/fista_math.hpp"
#include "kernels/dense_rows.hpp"
#include "kernels/test_dense.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// A row's last step.
struct FistaView {
  float* previous_x = nullptr;  ///< [rows, p]
  float* previous_r = nullptr;  ///< [rows, ld]
  double* t = nullptr;          ///< [rows] math::Momentum
  float* beta = nullptr;        ///< [rows]
  float* step = nullptr;        ///< [rows]
};

struct FistaArgs {
  DenseArgs tile;
  FistaView fista;
  float first_step = 0;
};

/// Item: an active row.
struct StartFistaKernel {
  using Args = FistaArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "start_fista_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const AtomsView& atoms = args.tile.atoms;
    const std::int64_t row = args.tile.dense.active[place];
    group.each([&](int lane) {
      for (std::int64_t j = row * atoms.size + lane; j < (row + 1) * atoms.size; j += Group::size) {
        args.fista.previous_x[j] = args.tile.dense.x[j];
      }
      for (std::int64_t k = row * atoms.ld + lane; k < (row + 1) * atoms.ld; k += Group::size) {
        args.fista.previous_r[k] = args.tile.rows.r[k];
      }
    });
    group.once([&] {
      const math::Momentum none;
      args.fista.t[row] = none.t;
      args.fista.beta[row] = none.beta;
      args.fista.step[row] = args.first_step;
    });
  }
};

/// Item: an active row. The residual at its extrapolated point as the vector to be multiplied.
struct ExtrapolateKernel {
  using Args = FistaArgs;
  struct Shared {};
  static constexpr int lanes = 128;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "extrapolate_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t ld = args.tile.atoms.ld;
    const std::int64_t row = args.tile.dense.active[place];
    const float beta = args.fista.beta[row];
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < ld; k += Group::size) {
        args.tile.dense.vectors[place * ld + k] =
            math::extrapolated(args.tile.rows.r[row * ld + k], args.fista.previous_r[row * ld + k], beta);
      }
    });
  }
};

/// Item: an active row, with the extrapolated residual as vector and its correlations as products. A step that proves too
/// long is taken back and halved.
struct FistaStepKernel {
  using Args = FistaArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 4;
  static constexpr const char* name = "fista_step_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const AtomsView& atoms = args.tile.atoms;
    const RowsView& rows = args.tile.rows;
    const std::int64_t size = atoms.size;
    const std::int64_t ld = atoms.ld;
    const std::int64_t row = args.tile.dense.active[place];
    const float* z = rows.z + row * ld;
    const float* point_r = args.tile.dense.vectors + place * ld;
    const float* products = args.tile.dense.products + place * size;
    auto x = group.array(args.tile.dense.x + row * size, size);
    auto r = group.array(rows.r + row * ld, ld);
    auto previous_x = group.array(args.fista.previous_x + row * size, size);
    auto previous_r = group.array(args.fista.previous_r + row * ld, ld);
    auto code_atoms = group.array(rows.code_atoms + row * rows.code_capacity, rows.code_capacity);
    auto code_weights = group.array(rows.code_weights + row * rows.code_capacity, rows.code_capacity);
    const math::Momentum momentum{args.fista.t[row], args.fista.beta[row]};
    const float step = args.fista.step[row];
    const float threshold = static_cast<float>(rows.lambda[row]) * step;

    typename Group::template PerLane<double> against_of;
    typename Group::template PerLane<double> moved_of;
    group.each([&](int lane) { against_of[lane] = moved_of[lane] = 0; });
    const int count = list_weights(
        group, size,
        [&](std::int64_t j, int lane) {
          const float inverse = args.tile.problem.solver_inverse[j];
          const float before = x[j];
          const float y = math::extrapolated(before, previous_x[j], momentum.beta);
          const float after = math::proximal_step(y, products[j] * inverse, step, threshold, args.tile.problem.nonnegative);
          against_of[lane] += static_cast<double>(y - after) * static_cast<double>(after - before);
          moved_of[lane] += static_cast<double>(after - y) * static_cast<double>(after - y);
          previous_x[j] = before;
          x[j] = after;
          return after * inverse;
        },
        code_atoms, code_weights);
    const double against = group.template sum<double>([&](int lane) { return against_of[lane]; });
    const double moved = group.template sum<double>([&](int lane) { return moved_of[lane]; });
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < ld; k += Group::size) previous_r[k] = static_cast<float>(r[k]);
    });
    group.sync();
    float_residual(group, atoms, z, count, code_atoms, code_weights, r);
    const double image = group.template sum<double>([&](int lane) {
      double sum = 0;
      for (std::int64_t k = lane; k < atoms.dim; k += Group::size) {
        const auto change = static_cast<double>(static_cast<float>(r[k]) - point_r[k]);
        sum += change * change;
      }
      return sum;
    });
    const double z_dot_z = dot_vectors(group, atoms.dim, z, z);
    const bool too_long = math::step_is_too_long(image, moved, static_cast<double>(step), z_dot_z);
    if (too_long) {
      group.sync();
      group.each([&](int lane) {
        for (std::int64_t j = lane; j < size; j += Group::size) x[j] = static_cast<float>(previous_x[j]);
        for (std::int64_t k = lane; k < ld; k += Group::size) r[k] = static_cast<float>(previous_r[k]);
      });
    }
    group.once([&] {
      const math::Momentum next = too_long ? math::Momentum{} : math::next_momentum(momentum, against);
      args.fista.t[row] = next.t;
      args.fista.beta[row] = next.beta;
      if (too_long) args.fista.step[row] = step * 0.5f;
      rows.iterations[row] += 1;
    });
  }
};

}  // namespace splice_cuda::cuda
