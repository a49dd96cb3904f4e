#pragma once

/// @file row_solver.hpp
/// A row's working set in float32, by a group: set up from atoms, solved, refined with residuals from the atoms themselves
/// (src/cpu/working_set_row.cpp is the same algorithm).

#include <cmath>
#include <cstdint>

#include "core/screen_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/tableau.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Memory of one group's working set of `capacity` atoms, beside its matrix.
struct RowSolverMemory {
  TableauMemory<float> tableau;
  float* gram = nullptr;    ///< [capacity]
  float* slacks = nullptr;  ///< [capacity]
};

template <class Group, class Matrix>
class RowSolver {
 public:
  static constexpr float pivot_floor = 1e-4f;  // of the Gram diagonal; float32 Gram entries err by 1e-6

  SPLICE_KERNEL RowSolver(Group& group, const AtomsView& atoms, const ProblemView& problem, const RowsView& rows,
                          std::int64_t row, Matrix& matrix, const RowSolverMemory& memory, int capacity)
      : group_(group),
        atoms_(atoms),
        problem_(problem),
        rows_(rows),
        row_(row),
        z_(rows.z + row * atoms.ld),
        z_dot_z_(dot_vectors(group, atoms.dim, z_, z_)),
        lambda_(static_cast<float>(rows.lambda[row])),
        tableau(group, matrix, memory.tableau, capacity),
        residual(group.array(rows.r + row * atoms.ld, atoms.ld)),
        gram_(group.array(memory.gram, capacity)),
        slacks_(group.array(memory.slacks, capacity)) {}

  SPLICE_KERNEL float lambda() const { return lambda_; }
  SPLICE_KERNEL int iterations() const { return iterations_; }
  SPLICE_KERNEL float inverse(std::int64_t atom) const { return problem_.solver_inverse[atom]; }

  /// A working set of `count` atoms outside the support; factors have the sign of product(i), if signs are free. To be
  /// settled next, which begins with a barrier.
  /// @param product  c_j.z, or what has its sign
  template <class Atom, class Product>
  SPLICE_KERNEL void set_atoms(int count, Atom atom, Product product) {
    tableau.set_atoms(atoms_, count, atom, [&](int i) {
      const float size = inverse(atom(i));
      return product(i) < 0 && !problem_.nonnegative ? -size : size;
    });
    dot_atoms<float>(group_, atoms_, count, [&](int i) -> std::int64_t { return tableau.atom[i]; }, z_,
                     [&](int i, float value) { tableau.value[i] = lambda_ - static_cast<float>(tableau.factor[i]) * value; });
  }

  /// One more atom, outside the support; `product` = c_j.r at the present residual.
  SPLICE_KERNEL void append(std::int32_t atom, float product) {
    const float size = inverse(atom);
    const float factor = product < 0 && !problem_.nonnegative ? -size : size;
    const int count = tableau.size();
    const float* values = atoms_.atoms + atom * atoms_.ld;
    dot_atoms<float>(
        group_, atoms_, count + 1, [&](int i) -> std::int64_t { return i < count ? static_cast<std::int32_t>(tableau.atom[i]) : atom; },
        values, [&](int i, float value) {
          gram_[i] = value * factor * (i < count ? static_cast<float>(tableau.factor[i]) : factor);
        });
    group_.sync();
    tableau.append(atom, factor, lambda_ - factor * product, gram_);
  }

  /// residual = z - C'w of the tableau's solution. Ends with a barrier.
  SPLICE_KERNEL void update_residual() {
    group_.each([&](int lane) {
      for (std::int64_t k = lane; k < atoms_.dim; k += Group::size) {
        float r = z_[k];
        for (int i = 0; i < tableau.size(); ++i) {
          if (tableau.in_support[i] == 0) continue;
          const float weight = static_cast<float>(tableau.value[i]) * static_cast<float>(tableau.factor[i]);
          r = std::fma(-weight, atoms_.atoms[static_cast<std::int32_t>(tableau.atom[i]) * atoms_.ld + k], r);
        }
        residual[k] = r;
      }
    });
    group_.sync();
  }

  /// Solves, and then takes up to `newton_steps` Newton steps with residuals computed from the atoms themselves: the tableau's
  /// float32 inverse is only a preconditioner, its error does not stay in the answer. The residual is that of the outcome.
  SPLICE_KERNEL void settle(float tolerance, int newton_steps) {
    float allowed = 0;
    SPLICE_NO_UNROLL
    for (int step = 0;; ++step) {
      iterations_ += tableau.solve(tolerance, pivot_floor);
      if (step == 0) allowed = slack();
      update_residual();
      if (step == newton_steps || !(read_slacks() > allowed)) return;
      tableau.newton_step(slacks_);
      tolerance = 0.5f * allowed;
    }
  }

  /// How far correlations may stay from lambda.
  SPLICE_KERNEL float slack() {
    const double weighted = group_.template sum<double>([&](int lane) {
      double sum = 0;
      for (int i = lane; i < tableau.size(); i += Group::size) {
        if (tableau.in_support[i] != 0) sum += std::fabs(static_cast<double>(tableau.value[i]));
      }
      return sum;
    });
    return static_cast<float>(math::correlation_slack(problem_.gap_tolerance, z_dot_z_, weighted, static_cast<double>(lambda_)));
  }

  SPLICE_KERNEL void write() {
    write_code(
        group_, rows_, row_, tableau.size(), [&](int k) -> std::int32_t { return tableau.atom[k]; }, [&](int k) -> double {
          const float value = tableau.value[k];
          return tableau.in_support[k] != 0 && value > 0 ? static_cast<double>(value * static_cast<float>(tableau.factor[k])) : 0.0;
        });
  }

 private:
  /// slacks[k] = lambda - factor_k <c_k, residual>; atoms that would rather act as their negative are turned.
  SPLICE_KERNEL float read_slacks() {
    dot_atoms<float>(group_, atoms_, tableau.size(), [&](int i) -> std::int64_t { return tableau.atom[i]; }, residual,
                     [&](int i, float value) { slacks_[i] = lambda_ - value * static_cast<float>(tableau.factor[i]); });
    group_.sync();
    if (!problem_.nonnegative) flip_signs();
    return group_.template max<float>([&](int lane) {
      float worst = 0;
      for (int k = lane; k < tableau.size(); k += Group::size) {
        const float y = slacks_[k];
        const float violation = tableau.in_support[k] != 0 ? std::fabs(y) : -y;
        worst = violation > worst ? violation : worst;
      }
      return worst;
    });
  }

  SPLICE_KERNEL void flip_signs() {
    for (int k = 0; k < tableau.size(); ++k) {
      const float y = slacks_[k];
      if (tableau.in_support[k] != 0 || !(y > 2 * lambda_)) continue;
      tableau.flip_sign(k);
      group_.once([&] { slacks_[k] = 2 * lambda_ - y; });
      group_.sync();
    }
  }

  Group& group_;
  const AtomsView& atoms_;
  const ProblemView& problem_;
  const RowsView& rows_;
  std::int64_t row_;
  const float* z_;
  double z_dot_z_;
  float lambda_;
  int iterations_ = 0;

 public:
  Tableau<Group, float, Matrix> tableau;
  typename Group::template Array<float> residual;

 private:
  typename Group::template Array<float> gram_;
  typename Group::template Array<float> slacks_;
};

}  // namespace splice_cuda::cuda
