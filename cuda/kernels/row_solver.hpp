#pragma once

/// @file row_solver.hpp
/// A row's working set in float32, by a group: set up from atoms, solved, refined with residuals from the atoms themselves
/// (src/cpu/working_set_row.cpp is the same algorithm).

#include <cmath>
#include <cstdint>

#include "core/screen_math.hpp"
#include "kernels/list_passing.hpp"
#include "kernels/row_products.hpp"
#include "kernels/tableau.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

inline constexpr float guess_tolerance = 1e-5f;  ///< of lambda: what may violate of what is solved again

/// Memory of one group's working set of `capacity` atoms, beside its matrix.
struct RowSolverMemory {
  TableauMemory<float> tableau;
  float* gram = nullptr;            ///< [capacity]
  float* slacks = nullptr;          ///< [capacity]
  std::int32_t* support = nullptr;  ///< [capacity]
};

/// @tparam rough  a guess will do: of the atoms' high float16 parts
template <class Group, class Matrix, bool rough = false>
class RowSolver {
 public:
  static constexpr bool by_tensor_cores = requires { Matrix::most_crossed; };
  static constexpr float pivot_floor = 1e-4f;  // of the Gram diagonal; Gram entries err by up to 4e-6

  SPLICE_KERNEL RowSolver(Group& group, const AtomsView& atoms, const ProblemView& problem, const RowsView& rows,
                          std::int64_t row, Matrix& matrix, const RowSolverMemory& memory, int capacity)
      : group_(group),
        atoms_(atoms),
        problem_(problem),
        rows_(rows),
        row_(row),
        z_(group.array(rows.z + row * atoms.ld, atoms.ld)),
        lambda_(static_cast<float>(rows.lambda[row])),
        tableau(group, matrix, memory.tableau, capacity),
        residual(group.array(rows.r + row * atoms.ld, atoms.ld)),
        matrix_(matrix),
        gram_(group.array(memory.gram, capacity)),
        slacks_(group.array(memory.slacks, capacity)),
        support_(group.array(memory.support, capacity)) {}

  SPLICE_KERNEL float lambda() const { return lambda_; }
  SPLICE_KERNEL int iterations() const { return iterations_; }
  SPLICE_KERNEL float inverse(std::int64_t atom) const { return problem_.solver_inverse[atom]; }
  /// What a correlation is compared with lambda by.
  SPLICE_KERNEL float size_of(float correlation) const { return problem_.nonnegative ? correlation : std::fabs(correlation); }

  /// The row's first `kept` concepts and `joining` picks as a working set, outside the support; factors have the signs of weights
  /// and of the picks' correlations, if signs are free. solve() has to follow, which begins with a barrier.
  template <class Atoms, class Correlations>
  SPLICE_KERNEL void set_atoms(int kept, int joining, const Atoms& picks, const Correlations& correlations) {
    const std::int32_t* code = rows_.code_atoms + row_ * rows_.code_capacity;
    const float* weights = rows_.code_weights + row_ * rows_.code_capacity;
    const int count = kept + joining;
    const auto atom = [&](int i) -> std::int32_t { return i < kept ? code[i] : static_cast<std::int32_t>(picks[i - kept]); };
    const auto factor = [&](int i) {
      return signed_factor(atom(i), i < kept ? weights[i] : static_cast<float>(correlations[i - kept]));
    };
    if constexpr (by_tensor_cores) {
      const Float16* z = rows_.z_halves + 2 * row_ * atoms_.ld;
      tableau.template set_atoms<rough>(atoms_, count, atom, factor, z,
                                        [&](int i, float product) SPLICE_INLINED { tableau.value[i] = lambda_ - product; });
    } else {
      tableau.template set_atoms<rough>(atoms_, count, atom, factor);
      dot_listed(group_, float_atoms(atoms_), count, tableau.atom, z_, gram_);
      group_.each([&](int lane) {
        SPLICE_NO_UNROLL
        for (int i = lane; i < count; i += Group::size) {
          tableau.value[i] = lambda_ - static_cast<float>(tableau.factor[i]) * static_cast<float>(gram_[i]);
        }
      });
    }
  }

  /// `count` more atoms, outside the support; correlation(i) = c_j.r / a_j at the present residual.
  template <class Atom, class Correlation>
  SPLICE_KERNEL void append(int count, Atom atom, Correlation correlation) {
    if constexpr (by_tensor_cores) {
      SPLICE_NO_UNROLL
      for (int first = 0; first < count; first += Matrix::most_crossed) {
        const int more = count - first < Matrix::most_crossed ? count - first : Matrix::most_crossed;
        const int before = tableau.size();
        const auto added = [&](int i) -> std::int64_t { return atom(first + i); };
        matrix_.cross(atoms_, more, added, before + more, [&](int k) -> std::int64_t {
          return k < before ? static_cast<std::int32_t>(tableau.atom[k]) : added(k - before);
        });
        SPLICE_NO_UNROLL
        for (int i = 0; i < more; ++i) {
          append_one(atom(first + i), correlation(first + i), [&](int k) -> float { return matrix_.cross_product(i, k); });
        }
      }
    } else {
      SPLICE_NO_UNROLL
      for (int i = 0; i < count; ++i) {
        const std::int32_t added = atom(i);
        const int before = tableau.size();
        dot_atoms<float>(
            group_, float_atoms(atoms_), before + 1,
            [&](int k) -> std::int64_t { return k < before ? static_cast<std::int32_t>(tableau.atom[k]) : added; },
            atoms_.atoms + added * atoms_.ld, [&](int k, float value) { slacks_[k] = value; });
        group_.sync();
        append_one(added, correlation(i), [&](int k) -> float { return slacks_[k]; });
      }
    }
  }

  /// residual = z - C'w of the tableau's solution. Ends with a barrier.
  SPLICE_KERNEL void update_residual() {
    const int used = list_passing(
        group_, tableau.size(), [&](int, int k) { return tableau.in_support[k] != 0; },
        [&](int at, int k) {
          const std::int32_t atom = tableau.atom[k];
          support_[at] = atom;
          const float weight = static_cast<float>(tableau.value[k]) * static_cast<float>(tableau.factor[k]);
          gram_[at] = rough ? weight * atoms_.half_scales[atom] : weight;
        });
    if constexpr (rough) {
      subtract_listed(group_, high_atoms(atoms_), z_, used, support_, gram_, residual);
    } else {
      subtract_listed(group_, float_atoms(atoms_), z_, used, support_, gram_, residual);
    }
  }

  /// Pivots; the residual is that of the outcome.
  /// @param expected  in the support: see Tableau::solve
  SPLICE_KERNEL void solve(float tolerance, int expected) {
    iterations_ += tableau.solve(tolerance, pivot_floor, Matrix::cheap_sweeps ? expected : 0);
    update_residual();
  }

  /// slacks[k] = lambda - factor_k <c_k, residual>; atoms that would rather act as their negative are turned.
  SPLICE_KERNEL float read_slacks() {
    dot_listed(group_, float_atoms(atoms_), tableau.size(), tableau.atom, residual, slacks_);
    group_.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (int i = lane; i < tableau.size(); i += Group::size) {
        slacks_[i] = lambda_ - static_cast<float>(slacks_[i]) * static_cast<float>(tableau.factor[i]);
      }
    });
    group_.sync();
    if (!problem_.nonnegative) tableau.turn_negatives(slacks_, lambda_);
    return tableau.largest_violation(slacks_);
  }

  /// A Newton step with what read_slacks() has found from the atoms themselves; solve() has to follow. The tableau's float32
  /// inverse is only a preconditioner: its error does not stay in the answer.
  SPLICE_KERNEL void newton_step() { tableau.newton_step(slacks_); }

  /// How far correlations may stay from lambda.
  SPLICE_KERNEL float slack() {
    const double weighted = group_.template sum<double>([&](int lane) {
      double sum = 0;
      SPLICE_NO_UNROLL
      for (int i = lane; i < tableau.size(); i += Group::size) {
        if (tableau.in_support[i] != 0) sum += std::fabs(static_cast<double>(tableau.value[i]));
      }
      return sum;
    });
    if (z_dot_z_ < 0) z_dot_z_ = squared_norm(group_, atoms_.dim, z_);
    return static_cast<float>(math::correlation_slack(problem_.gap_tolerance, z_dot_z_, weighted, static_cast<double>(lambda_)));
  }

  SPLICE_KERNEL void write() {
    write_code(
        group_, rows_, row_, tableau.size(), [&](int k) -> std::int32_t { return tableau.atom[k]; }, [&](int k) -> double {
          const float value = tableau.value[k];
          return tableau.in_support[k] != 0 && value > 0 ? static_cast<double>(value * static_cast<float>(tableau.factor[k])) : 0.0;
        },
        support_);
  }

 private:
  SPLICE_KERNEL float signed_factor(std::int32_t atom, float correlation) const {
    const float size = inverse(atom);
    return correlation < 0 && !problem_.nonnegative ? -size : size;
  }

  /// @param crossed  <c, c_k> for k in [0, size], the last of which is the new atom's own
  template <class Crossed>
  SPLICE_KERNEL void append_one(std::int32_t atom, float correlation, Crossed crossed) {
    const float factor = signed_factor(atom, correlation);
    const int count = tableau.size();
    group_.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (int k = lane; k <= count; k += Group::size) {
        gram_[k] = crossed(k) * factor * (k < count ? static_cast<float>(tableau.factor[k]) : factor);
      }
    });
    group_.sync();
    tableau.append(atom, factor, lambda_ - size_of(correlation), gram_);
  }

  Group& group_;
  const AtomsView& atoms_;
  const ProblemView& problem_;
  const RowsView& rows_;
  std::int64_t row_;
  typename Group::template Array<float> z_;
  float lambda_;
  int iterations_ = 0;
  double z_dot_z_ = -1;  ///< once it is asked for

 public:
  Tableau<Group, float, Matrix> tableau;
  typename Group::template Array<float> residual;

 private:
  Matrix& matrix_;
  typename Group::template Array<float> gram_;
  typename Group::template Array<float> slacks_;
  typename Group::template Array<std::int32_t> support_;
};

}  // namespace splice_cuda::cuda
