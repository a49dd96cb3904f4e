#pragma once

/// @file start_dense.hpp
/// Stage `prepare` of the dense solvers: x = 0, or the warm start as far as the problem allows its weights.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/dense_rows.hpp"
#include "kernels/dense_view.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Item: a row. Its code, if it has one, is the warm start.
struct StartDenseKernel {
  struct Args {
    AtomsView atoms;
    ProblemView problem;
    RowsView rows;
    DenseView dense;
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "start_dense_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.rows.phase[row] == RowPhase::finished) return;
    const std::int64_t size = args.atoms.size;
    const float* z = args.rows.z + row * args.atoms.ld;
    auto x = group.array(args.dense.x + row * size, size);
    auto r = group.array(args.rows.r + row * args.atoms.ld, args.atoms.ld);
    constexpr double largest_lambda = 1e19;  // float32 squares stay finite
    const double given = args.rows.lambda[row];
    const double lambda = given < largest_lambda ? given : largest_lambda;
    clear(group, size, x);
    const int count = take_warm_start(group, args, row, x);
    auto atoms = group.array(args.rows.code_atoms + row * args.rows.code_capacity, args.rows.code_capacity);
    auto weights = group.array(args.rows.code_weights + row * args.rows.code_capacity, args.rows.code_capacity);
    float_residual(group, args.atoms, z, count, atoms, weights, r);
    if (count > 0 && !improves(group, args, row, lambda, x, r)) {
      clear(group, size, x);
      float_residual(group, args.atoms, z, 0, atoms, weights, r);
    }
    group.once([&] {
      args.rows.lambda[row] = lambda;
      args.rows.code_count[row] = 0;
      args.rows.phase[row] = RowPhase::first_pass;
      args.dense.seen[row] = 0;
      args.dense.relaxed[row] = 0;
      args.dense.relaxes[row] = 0;
    });
  }

 private:
  template <class Group, class Weights>
  static SPLICE_KERNEL void clear(Group& group, std::int64_t size, const Weights& x) {
    group.sync();
    group.each([&](int lane) {
      for (std::int64_t j = lane; j < size; j += Group::size) x[j] = 0.0f;
    });
    group.sync();
  }

  /// x from the code, which is left as it is but for weights that the problem does not allow: these become 0. Ends with a
  /// barrier. @returns entries of the code
  template <class Group, class Weights>
  static SPLICE_KERNEL int take_warm_start(Group& group, const Args& args, std::int64_t row, const Weights& x) {
    const int count = args.rows.code_count[row];
    const std::int32_t* atoms = args.rows.code_atoms + row * args.rows.code_capacity;
    float* weights = args.rows.code_weights + row * args.rows.code_capacity;
    const int exponent = args.rows.exponent[row];
    group.each([&](int lane) {
      for (int i = lane; i < count; i += Group::size) {
        const float inverse = args.problem.solver_inverse[atoms[i]];
        const auto weight = static_cast<float>(std::ldexp(static_cast<double>(weights[i]), exponent));
        const bool allowed = inverse > 0 && !(args.problem.nonnegative && weight < 0);
        if (allowed) x[atoms[i]] = weight / inverse;
        weights[i] = allowed ? weight : 0.0f;
      }
    });
    group.sync();
    return count;
  }

  /// Whether x is no worse than 0: 1/2 |r|^2 + lambda |x|_1 <= 1/2 |z|^2.
  template <class Group, class Weights, class Vector>
  static SPLICE_KERNEL bool improves(Group& group, const Args& args, std::int64_t row, double lambda, const Weights& x,
                                     const Vector& r) {
    const float* z = args.rows.z + row * args.atoms.ld;
    const double z_dot_z = dot_vectors(group, args.atoms.dim, z, z);
    const double r_dot_r = dot_vectors(group, args.atoms.dim, r, r);
    const double l1 = group.template sum<double>([&](int lane) {
      double sum = 0;
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
        sum += std::abs(static_cast<double>(static_cast<float>(x[j])));
      }
      return sum;
    });
    return math::primal_objective(r_dot_r, l1, lambda) <= 0.5 * z_dot_z;
  }
};

}  // namespace splice_cuda::cuda
