#pragma once

/// @file test_dense.hpp
/// Stage `solve` of the dense solvers, every few iterations: x as a code, and whether a certificate of it may succeed.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/dense_rows.hpp"
#include "kernels/dense_view.hpp"
#include "kernels/views.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct DenseArgs {
  AtomsView atoms;
  ProblemView problem;
  RowsView rows;
  DenseView dense;
};

/// Item: an active row. First-order methods have all of the support long before they have its weights, or nothing but the
/// support: the code is to be relaxed. The CPU does so in every test; here a support is relaxed once, and a large one, which
/// takes as long as many iterations, only in tests 1, 2, 4, 8, ..., when it has settled, and at the end.
struct WriteDenseCodeKernel {
  using Args = DenseArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr int small_support = 128;
  static constexpr const char* name = "write_dense_code_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t row = args.dense.active[place];
    const std::int64_t size = args.atoms.size;
    const int exponent = args.rows.exponent[row];
    const float* x = args.dense.x + row * size;
    auto atoms = group.array(args.rows.code_atoms + row * args.rows.code_capacity, args.rows.code_capacity);
    auto weights = group.array(args.rows.code_weights + row * args.rows.code_capacity, args.rows.code_capacity);
    const int count = list_weights(
        group, size,
        [&](std::int64_t j, int) {
          return round_weight(static_cast<double>(x[j] * args.problem.solver_inverse[j]), exponent);
        },
        atoms, weights);
    const std::uint64_t support = group.template sum<std::uint64_t>([&](int lane) {
      std::uint64_t sum = 0;
      for (int i = lane; i < count; i += Group::size) sum += mixed(static_cast<std::uint64_t>(static_cast<std::int32_t>(atoms[i])));
      return sum;
    });
    group.once([&] {
      const bool last = args.rows.iterations[row] >= args.dense.max_iterations;
      const std::int32_t test = args.rows.rounds[row] + 1;
      const bool due = count <= small_support || support == args.dense.seen[row] || (test & (test - 1)) == 0;
      const bool relaxes =
          count > 0 && count <= largest_relaxed_support && (last || (due && support != args.dense.relaxed[row]));
      args.rows.code_count[row] = count;
      args.dense.seen[row] = support;
      if (relaxes) args.dense.relaxed[row] = support;
      args.dense.relaxes[row] = relaxes ? 1 : 0;
    });
  }

 private:
  /// splitmix64 (Steele, Lea & Flood 2014): sums of it tell sets apart.
  static SPLICE_KERNEL std::uint64_t mixed(std::uint64_t atom) {
    std::uint64_t value = (atom + 1) * 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
  }
};

/// Item: an active row. Its code's residual as the vector to be multiplied.
struct CodeResidualKernel {
  using Args = DenseArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "code_residual_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t row = args.dense.active[place];
    auto out = group.array(args.dense.vectors + place * args.atoms.ld, args.atoms.ld);
    float_residual(group, args.atoms, args.rows.z + row * args.atoms.ld, args.rows.code_count[row],
                   args.rows.code_atoms + row * args.rows.code_capacity, args.rows.code_weights + row * args.rows.code_capacity,
                   out);
  }
};

/// Item: an active row, with its code's residual as vector and that one's correlations as products. Rows whose gap looks
/// closed, and those without iterations left, claim their certificates. Where x itself was tested, the minimiser on its
/// support is no worse, and far more exact: that is what is claimed, unless it was refused before.
struct TestGapKernel {
  using Args = DenseArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 4;
  static constexpr const char* name = "test_gap_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t row = args.dense.active[place];
    const float* z = args.rows.z + row * args.atoms.ld;
    const float* r = args.dense.vectors + place * args.atoms.ld;
    const float* products = args.dense.products + place * args.atoms.size;
    const int count = args.rows.code_count[row];
    const std::int32_t* atoms = args.rows.code_atoms + row * args.rows.code_capacity;
    const float* weights = args.rows.code_weights + row * args.rows.code_capacity;
    const double z_dot_z = dot_vectors(group, args.atoms.dim, z, z);
    const double z_dot_r = dot_vectors(group, args.atoms.dim, z, r);
    const double r_dot_r = dot_vectors(group, args.atoms.dim, r, r);
    const double l1 = group.template sum<double>([&](int lane) {
      double sum = 0;
      for (int i = lane; i < count; i += Group::size) {
        sum += std::abs(static_cast<double>(weights[i])) / static_cast<double>(args.problem.solver_inverse[atoms[i]]);
      }
      return sum;
    });
    const float largest = group.template max<float>([&](int lane) {
      float found = 0;
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
        const float value = products[j] * args.problem.solver_inverse[j];
        const float size = args.problem.nonnegative ? value : std::abs(value);
        found = size > found ? size : found;
      }
      return found;
    });
    group.once([&] {
      const double gap = math::plain_gap(z_dot_r, r_dot_r, l1, static_cast<double>(largest), args.rows.lambda[row]);
      const bool last = args.rows.iterations[row] >= args.dense.max_iterations;
      bool relaxes = false;
      if (last || math::gap_looks_closed(gap, args.problem.gap_tolerance, z_dot_z)) {
        args.rows.phase[row] = RowPhase::claims_exactly;
        const bool plain = args.dense.relaxes[row] == 0;
        relaxes = plain && count > 0 && count <= largest_relaxed_support && args.dense.seen[row] != args.dense.relaxed[row];
        if (relaxes) args.dense.relaxed[row] = args.dense.seen[row];
      }
      args.dense.relaxes[row] = relaxes ? 1 : 0;
      args.rows.rounds[row] += 1;
    });
  }
};

}  // namespace splice_cuda::cuda
