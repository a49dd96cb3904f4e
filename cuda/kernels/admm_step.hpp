#pragma once

/// @file admm_step.hpp
/// ADMM's iteration, apart from the two products with all atoms (core/admm_math.hpp; src/cpu/admm.cpp is the same
/// algorithm). Each row has its own rung of the ladder of rho.

#include <cmath>
#include <cstdint>

#include "core/admm_math.hpp"
#include "kernels/test_dense.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

inline constexpr int admm_rungs = 2 * math::most_rungs + 1;

struct AdmmView {
  float* u = nullptr;           ///< [rows, p] scaled multipliers
  float* z_products = nullptr;  ///< [rows, p] <c_j, z> / a_j
  std::int32_t* rung = nullptr;  ///< [rows]
  float* combined = nullptr;    ///< [active padded, ld] C~'q
  double rho = 0;               ///< of rung 0
  float over_relaxation = 0;
  /// inv(rho I + C~'C~) of rungs -most_rungs to most_rungs, [dim, ld]; null where no row is on that rung.
  const float* inverses[admm_rungs] = {};

  SPLICE_KERNEL float rho_of(int at) const { return static_cast<float>(std::ldexp(rho, at)); }
};

struct AdmmArgs {
  DenseArgs tile;
  AdmmView admm;
};

/// Item: an active row. Its embedding, or its residual, as the vector to be multiplied.
struct LoadVectorKernel {
  struct Args {
    DenseView dense;
    const float* from = nullptr;  ///< [rows, ld]
    std::int64_t ld = 0;
  };
  struct Shared {};
  static constexpr int lanes = 128;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "load_vector_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t row = args.dense.active[place];
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < args.ld; k += Group::size) {
        args.dense.vectors[place * args.ld + k] = args.from[row * args.ld + k];
      }
    });
  }
};

/// Item: an active row, with its embedding's products. Rung 0, no multipliers.
struct StartAdmmKernel {
  using Args = AdmmArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "start_admm_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t size = args.tile.atoms.size;
    const std::int64_t row = args.tile.dense.active[place];
    group.each([&](int lane) {
      for (std::int64_t j = lane; j < size; j += Group::size) {
        args.admm.z_products[row * size + j] =
            args.tile.dense.products[place * size + j] * args.tile.problem.solver_inverse[j];
        args.admm.u[row * size + j] = 0;
      }
    });
    group.once([&] { args.admm.rung[row] = 0; });
  }
};

/// Item: an active row, with its residual's products. Multipliers of a warm start; a row without weights knows nothing of
/// them.
struct StartMultipliersKernel {
  using Args = AdmmArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "start_multipliers_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t size = args.tile.atoms.size;
    const std::int64_t row = args.tile.dense.active[place];
    const float* x = args.tile.dense.x + row * size;
    const int started = group.template max<int>([&](int lane) {
      int found = 0;
      for (std::int64_t j = lane; j < size; j += Group::size) {
        if (x[j] != 0) found = 1;
      }
      return found;
    });
    if (started == 0) return;
    const float rho = args.admm.rho_of(0);
    const auto lambda = static_cast<float>(args.tile.rows.lambda[row]);
    group.each([&](int lane) {
      for (std::int64_t j = lane; j < size; j += Group::size) {
        const float correlation = args.tile.dense.products[place * size + j] * args.tile.problem.solver_inverse[j];
        args.admm.u[row * size + j] = math::admm_multiplier(correlation, rho, lambda);
      }
    });
  }
};

/// Item: an active row. Its right-hand side, over a_j once more: the product that follows knows plain atoms only.
struct AdmmRightSideKernel {
  using Args = AdmmArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "admm_right_side_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t size = args.tile.atoms.size;
    const std::int64_t row = args.tile.dense.active[place];
    const float rho = args.admm.rho_of(args.admm.rung[row]);
    group.each([&](int lane) {
      for (std::int64_t j = lane; j < size; j += Group::size) {
        const std::int64_t at = row * size + j;
        args.tile.dense.products[place * size + j] =
            math::admm_right_side(args.admm.z_products[at], rho, args.tile.dense.x[at], args.admm.u[at]) *
            args.tile.problem.solver_inverse[j];
      }
    });
  }
};

/// Item: an active row. inv(rho I + C~'C~) C~'q as the vector to be multiplied. The inverse is symmetric: lanes read what
/// lies side by side. Not a product by the library: rows are on different rungs.
struct ApplyInverseKernel {
  using Args = AdmmArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "apply_inverse_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t ld = args.tile.atoms.ld;
    const std::int64_t row = args.tile.dense.active[place];
    const float* inverse = args.admm.inverses[args.admm.rung[row] + math::most_rungs];
    const float* combined = args.admm.combined + place * ld;
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < ld; k += Group::size) {
        float sum = 0;
        for (std::int64_t e = 0; e < args.tile.atoms.dim; ++e) sum = std::fma(inverse[e * ld + k], combined[e], sum);
        args.tile.dense.vectors[place * ld + k] = sum;
      }
    });
  }
};

/// Item: an active row, with C~ inv(rho I + C~'C~) C~'q as products. x of the tile is ADMM's v.
struct AdmmStepKernel {
  using Args = AdmmArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 4;
  static constexpr const char* name = "admm_step_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared&) {
    const std::int64_t size = args.tile.atoms.size;
    const std::int64_t row = args.tile.dense.active[place];
    const int rung = args.admm.rung[row];
    const std::int32_t done = args.tile.rows.iterations[row] + 1;
    const float rho = args.admm.rho_of(rung);
    const float threshold = static_cast<float>(args.tile.rows.lambda[row]) / rho;
    const float* z_products = args.admm.z_products + row * size;
    const float* products = args.tile.dense.products + place * size;
    float* v = args.tile.dense.x + row * size;
    float* u = args.admm.u + row * size;
    typename Group::template PerLane<double> primal_of;
    typename Group::template PerLane<double> dual_of;
    group.each([&](int lane) {
      primal_of[lane] = dual_of[lane] = 0;
      for (std::int64_t j = lane; j < size; j += Group::size) {
        const float inverse = args.tile.problem.solver_inverse[j];
        if (!(inverse > 0)) continue;
        const float before = v[j];
        const math::AdmmEntry next = math::admm_step(z_products[j], products[j] * inverse, before, u[j], rho,
                                                     args.admm.over_relaxation, threshold, args.tile.problem.nonnegative);
        v[j] = next.v;
        u[j] = next.u;
        primal_of[lane] += static_cast<double>(next.x - next.v) * static_cast<double>(next.x - next.v);
        dual_of[lane] += static_cast<double>(next.v - before) * static_cast<double>(next.v - before);
      }
    });
    const double primal = std::sqrt(group.template sum<double>([&](int lane) { return primal_of[lane]; }));
    const double dual = static_cast<double>(rho) * std::sqrt(group.template sum<double>([&](int lane) { return dual_of[lane]; }));
    // At the end of a test period: the host then learns which rungs are in use.
    const bool balances = done <= math::last_balance && done % math::balance_period == 0;
    const int next_rung = balances ? math::balanced_rung(rung, primal, dual) : rung;
    if (next_rung != rung) {
      const float factor = next_rung > rung ? 0.5f : 2.0f;  // u holds multipliers / rho
      group.each([&](int lane) {
        for (std::int64_t j = lane; j < size; j += Group::size) u[j] *= factor;
      });
    }
    group.sync();
    group.once([&] {
      args.admm.rung[row] = next_rung;
      args.tile.rows.iterations[row] = done;
    });
  }
};

}  // namespace splice_cuda::cuda
