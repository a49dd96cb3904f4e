#pragma once

/// @file exact_solver.hpp
/// A row in fp64 by a group, with the correlations of all atoms in every round (src/cpu/exact_row.cpp is the same
/// algorithm). No limit but the rounds; slow.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/memory_matrix.hpp"
#include "kernels/row_products.hpp"
#include "kernels/tableau.hpp"
#include "kernels/views.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Memory of one group.
struct ExactScratch {
  double* matrix = nullptr;        ///< [capacity, capacity]
  TableauMemory<double> tableau;
  double* residual = nullptr;      ///< [ld]
  double* correlations = nullptr;  ///< [p]
  double* gram = nullptr;          ///< [capacity]
  double* slacks = nullptr;        ///< [capacity]
  std::int32_t* kept = nullptr;    ///< [capacity]
  std::uint8_t* member = nullptr;  ///< [p]
};

struct ExactArgs {
  AtomsView atoms;
  ProblemView problem;
  RowsView rows;
  int capacity = 0;    ///< places of the working set
  ExactScratch first;  ///< of group 0; that of group i lies i times these strides behind
  std::int64_t set_stride = 0;   ///< elements of [capacity] arrays
  std::int64_t atom_stride = 0;  ///< elements of [p] arrays
  std::int64_t dim_stride = 0;   ///< elements of [ld] arrays
};

SPLICE_KERNEL TableauMemory<double> tableau_of(const ExactArgs& args, std::int64_t index) {
  TableauMemory<double> m = args.first.tableau;
  const std::int64_t offset = index * args.set_stride;
  m.value += offset;
  m.diagonal += offset;
  m.factor += offset;
  m.row += offset;
  m.atom += offset;
  m.in_support += offset;
  m.exchanges += offset;
  return m;
}

template <class Group>
class ExactSolver {
  template <class T>
  using Array = typename Group::template Array<T>;

 public:
  SPLICE_KERNEL ExactSolver(Group& group_, const ExactArgs& args_, std::int64_t row_)
      : group(group_),
        args(args_),
        row(row_),
        z(args_.rows.z + row_ * args_.atoms.ld),
        lambda(args_.rows.lambda[row_]),
        matrix(group_, args_.first.matrix + group_.index() * args_.set_stride * args_.set_stride, args_.capacity),
        tableau(group_, matrix, tableau_of(args_, group_.index()), args_.capacity),
        residual(group_.array(args_.first.residual + group_.index() * args_.dim_stride, args_.atoms.ld)),
        correlations(group_.array(args_.first.correlations + group_.index() * args_.atom_stride, args_.atoms.size)),
        gram(group_.array(args_.first.gram + group_.index() * args_.set_stride, args_.capacity)),
        slacks(group_.array(args_.first.slacks + group_.index() * args_.set_stride, args_.capacity)),
        kept(group_.array(args_.first.kept + group_.index() * args_.set_stride, args_.capacity)),
        member(group_.array(args_.first.member + group_.index() * args_.atom_stride, args_.atoms.size)),
        z_dot_z(squared_norm(group_, args_.atoms.dim, z)),
        limits(math::exact_limits(lambda, std::sqrt(z_dot_z) * static_cast<double>(args_.problem.certificate_norm))) {}

  /// Solves the row from its code to the end, and writes the code found.
  SPLICE_KERNEL void solve() {
    const int before = args.rows.rounds[row];
    int rounds = before;
    int joining = keep_code();  // which has a barrier
    group.once([&] { args.rows.code_count[row] = 0; });
    best_gap = 0.5 * z_dot_z;  // of no code
    pivots_left = math::exact_pivots(args.atoms.dim);
    SPLICE_NO_UNROLL
    for (;;) {
      append_kept(joining);
      settle();
      const bool spent = rounds >= args.problem.max_rounds || !(pivots_left > 0);
      if (!spent && tableau.size() + most_new_atoms > args.capacity) {
        joining = keep_support();  // atoms that came and went make room
        continue;
      }
      keep_best();
      if (spent) break;
      ++rounds;
      if (!settled) {
        joining = keep_support();
        continue;
      }
      if (rounds - before > math::exact_patience && math::gap_looks_closed(best_gap, args.problem.gap_tolerance, z_dot_z)) break;
      joining = keep_violators();
      if (joining > 0) continue;
      write();
      break;
    }
    group.once([&] {
      args.rows.rounds[row] = rounds;
      args.rows.iterations[row] += iterations;
      args.rows.phase[row] = RowPhase::claims_exactly;
    });
  }

  /// The minimiser on the support of the row's code, with its signs, in place of the code.
  SPLICE_KERNEL void relax() {
    const int count = args.rows.code_count[row];
    const std::int32_t* code = args.rows.code_atoms + row * args.rows.code_capacity;
    const float* weights = args.rows.code_weights + row * args.rows.code_capacity;
    clear();
    subtract();  // = z
    SPLICE_NO_UNROLL
    for (int i = 0; i < count; ++i) {
      const double magnitude = inverse(code[i]);
      append(code[i], weights[i] < 0 ? -magnitude : magnitude, dot_uniform(code[i]));
    }
    tableau.solve(limits.pivot, pivot_floor);
    write();
  }

  /// Least squares on the atoms of the row's code in place of it (no penalty; weights stay >= 0 unless the problem allows
  /// others).
  SPLICE_KERNEL void refit() {
    lambda = 0;
    unit_factors = true;
    append_kept(keep_code());
    if (args.problem.nonnegative) {
      tableau.solve(1e-14, pivot_floor);
    } else {
      tableau.enter_all(pivot_floor);
    }
    write_code(group, args.rows, row, tableau.size(), [&](int k) -> std::int32_t { return tableau.atom[k]; },
               [&](int k) -> double { return args.problem.nonnegative && weight(k) < 0 ? 0.0 : weight(k); }, gram);
  }

 private:
  static constexpr double pivot_floor = 1e-11;  // of the Gram diagonal: fp64 Gram entries err by 1e-15
  static constexpr int most_new_atoms = 32;

  SPLICE_KERNEL double inverse(std::int64_t atom) const {
    return unit_factors ? 1.0 : static_cast<double>(args.problem.solver_inverse[atom]);
  }

  SPLICE_KERNEL double weight(int k) const {
    return tableau.in_support[k] != 0 ? static_cast<double>(tableau.value[k]) * static_cast<double>(tableau.factor[k]) : 0.0;
  }

  SPLICE_KERNEL void write() {
    group.sync();  // after what was written before
    write_code(group, args.rows, row, tableau.size(), [&](int k) -> std::int32_t { return tableau.atom[k]; },
               [&](int k) -> double { return weight(k); }, gram);
  }

  /// The atoms of the row's code are to be all of the working set. @returns how many
  SPLICE_KERNEL int keep_code() {
    const int count = args.rows.code_count[row] < args.capacity ? args.rows.code_count[row] : args.capacity;
    const std::int32_t* code = args.rows.code_atoms + row * args.rows.code_capacity;
    group.each([&](int lane) SPLICE_INLINED {
      for (int i = lane; i < count; i += Group::size) kept[i] = code[i];
    });
    clear();
    subtract();  // = z
    return count;
  }

  /// The support is to be all of the working set. @returns how many atoms that are
  SPLICE_KERNEL int keep_support() {
    int count = 0;
    typename Group::template PerLane<int> position;
    for (int first = 0; first < tableau.size(); first += Group::size) {
      const auto is_kept = [&](int lane) SPLICE_INLINED { return first + lane < tableau.size() && tableau.in_support[first + lane] != 0; };
      const int found = group.positions(is_kept, position);
      group.each([&](int lane) SPLICE_INLINED {
        if (is_kept(lane)) kept[count + position[lane]] = tableau.atom[first + lane];
      });
      count += found;
    }
    clear();
    subtract();
    return count;
  }

  /// The caller has a barrier afterwards.
  SPLICE_KERNEL void clear() {
    tableau.clear();
    group.each([&](int lane) SPLICE_INLINED {
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) member[j] = std::uint8_t{0};
    });
  }

  /// What was kept joins the working set.
  SPLICE_KERNEL void append_kept(int count) {
    SPLICE_NO_UNROLL
    for (int i = 0; i < count && tableau.size() < args.capacity; ++i) {
      const std::int32_t atom = kept[i];
      if (inverse(atom) > 0) append(atom, dot_uniform(atom));
    }
  }

  SPLICE_KERNEL void subtract() {
    subtract_atoms<double>(
        group, args.atoms, z, tableau.size(), [&](int k) -> std::int64_t { return tableau.atom[k]; },
        [&](int k) { return weight(k); }, residual);
  }

  /// <c_j, residual>, by all lanes.
  SPLICE_KERNEL double dot_uniform(std::int64_t j) {
    const float* atom = args.atoms.atoms + j * args.atoms.ld;
    return group.template sum<double>([&](int lane) SPLICE_INLINED {
      double sum = 0;
      for (std::int64_t k = lane; k < args.atoms.dim; k += Group::size) {
        sum = std::fma(static_cast<double>(atom[k]), static_cast<double>(residual[k]), sum);
      }
      return sum;
    });
  }

  SPLICE_KERNEL void append(std::int32_t atom, double product) {
    const double magnitude = inverse(atom);
    const bool negative = product < 0 && !args.problem.nonnegative && !unit_factors;
    append(atom, negative ? -magnitude : magnitude, product);
  }

  SPLICE_KERNEL void append(std::int32_t atom, double factor, double product) {
    const float* values = args.atoms.atoms + atom * args.atoms.ld;
    const int size = tableau.size();
    group.sync();
    group.each([&](int lane) SPLICE_INLINED {
      for (int k = lane; k <= size; k += Group::size) {
        const std::int64_t other = k < size ? static_cast<std::int32_t>(tableau.atom[k]) : atom;
        const double other_factor = k < size ? static_cast<double>(tableau.factor[k]) : factor;
        gram[k] = dot_atom(args.atoms, other, values) * factor * other_factor;
      }
    });
    group.once([&] { member[atom] = std::uint8_t{1}; });
    group.sync();
    tableau.append(atom, factor, lambda - factor * product, gram);
  }

  /// Solves, with Newton steps from exact residuals. The residual is that of the outcome.
  SPLICE_KERNEL void settle() {
    constexpr int newton_steps = 3;
    SPLICE_NO_UNROLL
    for (int step = 0;; ++step) {
      const int usual = math::exact_pivots_at_once(tableau.size());
      const int most = usual < pivots_left ? usual : pivots_left;
      const int pivots = tableau.solve(limits.pivot, pivot_floor, 0, most);
      settled = pivots < most;
      iterations += pivots;
      pivots_left -= pivots;
      subtract();
      if (step == newton_steps || !(read_slacks() > limits.newton)) return;
      tableau.newton_step(slacks);
    }
  }

  /// slacks[k] = lambda - factor_k <c_k, residual>. Signed weights: an atom outside the support that would rather act as its
  /// negative is turned. @returns the largest violation
  SPLICE_KERNEL double read_slacks() {
    group.each([&](int lane) SPLICE_INLINED {
      for (int k = lane; k < tableau.size(); k += Group::size) {
        slacks[k] = lambda - dot_atom(args.atoms, static_cast<std::int32_t>(tableau.atom[k]), residual) *
                                 static_cast<double>(tableau.factor[k]);
      }
    });
    group.sync();
    if (!args.problem.nonnegative) tableau.turn_negatives(slacks, lambda);
    return tableau.largest_violation(slacks);
  }

  /// What is compared with lambda, by the lane that has read it.
  SPLICE_KERNEL double excess(std::int64_t j) const {
    const double value = static_cast<double>(correlations[j]) * inverse(j);
    return args.problem.nonnegative ? value : std::abs(value);
  }

  /// Reads the correlations of all atoms, and takes the solution at hand for the row's code where its gap is the smallest so far:
  /// later ones need not be better, where rounding decides.
  SPLICE_KERNEL void keep_best() {
    const double largest = group.template max<double>([&](int lane) SPLICE_INLINED {
      double found = 0;
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
        correlations[j] = dot_atom(args.atoms, j, residual);
        const double own = excess(j);
        found = own > found ? own : found;
      }
      return found;
    });
    // Pivots that were not let come to an end leave negative x, which no code has.
    const double lowest = group.template min<double>([&](int lane) SPLICE_INLINED {
      double found = 0;
      for (int k = lane; k < tableau.size(); k += Group::size) {
        const double own = tableau.value[k];
        if (tableau.in_support[k] != 0 && own < found) found = own;
      }
      return found;
    });
    if (lowest < 0) return;
    const double z_dot_r = group.template sum<double>([&](int lane) SPLICE_INLINED {
      double sum = 0;
      for (std::int64_t k = lane; k < args.atoms.dim; k += Group::size) sum = std::fma(static_cast<double>(z[k]), static_cast<double>(residual[k]), sum);
      return sum;
    });
    const double weighted_l1 = group.template sum<double>([&](int lane) SPLICE_INLINED {
      double sum = 0;
      for (int k = lane; k < tableau.size(); k += Group::size) sum += tableau.in_support[k] != 0 ? static_cast<double>(tableau.value[k]) : 0.0;
      return sum;
    });
    const double gap = math::plain_gap(z_dot_r, squared_norm(group, args.atoms.dim, residual), weighted_l1, largest, lambda);
    if (!(gap < best_gap)) return;
    best_gap = gap;
    write();
  }

  /// The worst violators among all atoms are to join; those that the set has already (dependent on its support) are none.
  /// @returns how many
  SPLICE_KERNEL int keep_violators() {
    const double limit = lambda + limits.violation;
    SPLICE_NO_UNROLL
    for (int found = 0; found < most_new_atoms; ++found) {
      const double worst = group.template max<double>([&](int lane) SPLICE_INLINED {
        double largest = limit;
        for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
          if (member[j] == 0 && excess(j) > largest) largest = excess(j);
        }
        return largest;
      });
      if (!(worst > limit)) return found;
      const std::int64_t atom = group.template min<std::int64_t>([&](int lane) SPLICE_INLINED {
        for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
          if (member[j] == 0 && excess(j) == worst) return j;
        }
        return args.atoms.size;
      });
      group.sync();
      group.once([&] {
        kept[found] = static_cast<std::int32_t>(atom);
        member[atom] = std::uint8_t{1};
      });
      group.sync();
    }
    return most_new_atoms;
  }

  Group& group;
  const ExactArgs& args;
  std::int64_t row;
  const float* z;
  double lambda;
  MemoryMatrix<Group, double> matrix;
  Tableau<Group, double, MemoryMatrix<Group, double>> tableau;
  Array<double> residual;
  Array<double> correlations;
  Array<double> gram;
  Array<double> slacks;
  Array<std::int32_t> kept;
  Array<std::uint8_t> member;
  double z_dot_z;
  math::ExactLimits limits;
  double best_gap = 0;  ///< of what the row's code is
  int pivots_left = 0;
  bool settled = true;  ///< the last pivots came to an end
  int iterations = 0;
  bool unit_factors = false;
};

}  // namespace splice_cuda::cuda
