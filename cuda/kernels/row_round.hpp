#pragma once

/// @file row_round.hpp
/// A row that may end its solving in this round: its code and its picks are solved, then what of its list violates at the
/// residual at hand joins, until nothing does. It claims to be done if nothing else can matter.

#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/list_passing.hpp"
#include "kernels/pick_best.hpp"
#include "kernels/picks.hpp"
#include "kernels/remainder_products.hpp"
#include "kernels/row_outcome.hpp"
#include "kernels/row_products.hpp"
#include "kernels/row_solver.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_row_args.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// @tparam checks  correlations of the working set are read from its atoms before the row claims, and Newton steps are taken until
///                 they are what they should be
template <class Group, class Matrix, bool checks>
class RowRound {
 public:
  SPLICE_KERNEL RowRound(Group& group, const SolveRowsArgs& args, std::int64_t row, Matrix& matrix,
                         const RowSolverMemory& memory, int capacity, Picks& picks)
      : group_(group),
        args_(args),
        row_(row),
        capacity_(capacity),
        list_atoms_(group.array(args.screen.list_atoms + row * args.screen.list_capacity, args.screen.list_capacity)),
        list_values_(group.array(args.screen.list_values + row * args.screen.list_capacity, args.screen.list_capacity)),
        products_(group.array(args.products + group.index() * args.screen.list_capacity, args.screen.list_capacity)),
        candidates_(candidate_list(group, args.candidates, 0, args.screen.list_capacity)),
        sums_(candidate_list(group, args.candidates, 1, args.screen.list_capacity)),
        violators_(candidate_list(group, args.candidates, 2, args.screen.list_capacity)),
        phase_(group.array(args.rows.phase + row, 1)),
        pick_atoms_(group.array(picks.atoms, most_picks)),
        pick_correlations_(group.array(picks.correlations, most_picks)),
        solver_(group, args.atoms, args.problem, args.rows, row, matrix, memory, capacity),
        slack_(first_slack * solver_.lambda()) {}

  /// @returns false where the working set outgrows its memory: what there is is the code, and more join with more memory
  SPLICE_KERNEL bool run() {
    const RowPhase phase = phase_[0];
    const bool refused = phase == RowPhase::refused;
    const bool bounded = phase != RowPhase::warm;
    const int kept = args_.rows.code_count[row_];
    int joining = read_picks();
    bool settled = false;
    bool outgrown = false;
    // Atoms that join, a solution, and again. Each stage has one place in the code: instructions have to be fetched, too.
    SPLICE_NO_UNROLL
    for (int step = 0; step <= steps; ++step) {
      const int present = step == 0 ? kept : solver_.tableau.size();
      if (joining == 0 && bounded) joining = find_picks(step > 0, present, refused);
      if (step > 0 && joining == 0) {
        settled = true;
        break;
      }
      if (present + joining > capacity_) {
        if (step == 0) return false;  // the code stands
        outgrown = true;
        break;
      }
      if (step == 0) {
        solver_.set_atoms(kept, joining, pick_atoms_, pick_correlations_);
      } else {
        solver_.append(
            joining, [&](int i) -> std::int32_t { return pick_atoms_[i]; },
            [&](int i) -> float { return pick_correlations_[i]; });
      }
      joining = 0;
      if (!settle(bounded, step == 0 ? kept : 0)) break;
    }
    solver_.write();
    if (outgrown) {
      group_.once([&] { args_.screen.pick_count[row_] = 0; });
      return false;
    }
    group_.once([&] {
      args_.screen.margin_level[row_] = bounded ? 1 : 0;
      args_.rows.iterations[row_] += solver_.iterations();
      const RowPhase again = refused ? RowPhase::refused : RowPhase::certifying;
      phase_[0] = settled ? RowPhase::claims : phase_after_miss(args_.problem, args_.rows, row_, again);
    });
    return true;
  }

 private:
  static constexpr int steps = 4;         // of a round: violators that join
  static constexpr int newton_steps = 6;
  // What a step divides violations by, at least, where the support stays: inverses err by much less. So slacks that were near
  // need no second look.
  static constexpr float newton_gain = 32;
  static constexpr float claimed_tolerance = 5e-7f;  // of lambda, some roundings: what may violate of an unchecked claim
  static constexpr float first_slack = 1e-3f;  // of lambda: before anything is solved
  static constexpr float rounding = 0x1p-22f;  // of the differences that make a distance, of the copy's norm
  // What an int8 atom hardly errs by, of its bound (src/cpu/working_set_row.cpp), and what a movement hardly adds to a
  // correlation, of its length, which only an atom in its direction would see; and rounds that look no further: what they
  // overlook, the certificate finds.
  static constexpr float likely_share = 0.25f;
  static constexpr int likely_rounds = 3;

  /// Solves; to the end where the row can claim what it finds. The residual is what the next screening starts from, whatever it
  /// is the residual of.
  /// @param expected  so many atoms, the first ones, are likely to be in the support, which is empty then
  /// @returns whether it can claim
  SPLICE_KERNEL bool settle(bool bounded, int expected) {
    if constexpr (!checks) {
      solver_.solve(claimed_tolerance * solver_.lambda(), expected);
      if (!bounded || !may_claim()) return false;
      slack_ = solver_.slack();
      return true;
    } else {
      float tolerance = guess_tolerance * solver_.lambda();
      float violation = 0;
      SPLICE_NO_UNROLL
      for (int newton = 0;; ++newton) {
        const int before = solver_.iterations();
        solver_.solve(tolerance, newton == 0 ? expected : 0);
        if (!bounded || !may_claim()) return false;
        if (newton == 0) slack_ = solver_.slack();
        const bool near_enough = newton > 0 && solver_.iterations() == before && violation <= newton_gain * slack_;
        if (near_enough || newton == newton_steps) return true;
        violation = solver_.read_slacks();
        if (!(violation > slack_)) return true;
        solver_.newton_step();
        tolerance = 0.5f * slack_;
      }
    }
  }

  /// Whether what the screening proved of the atoms that it did not list still says that none of them matters.
  SPLICE_KERNEL bool may_claim() {
    moved_ = moved();
    return args_.screen.unlisted_bound[row_] + args_.problem.atom_norm * moved_ <= solver_.lambda();
  }

  /// The picks that the list gave. @returns how many. Ends with a barrier.
  SPLICE_KERNEL int read_picks() {
    const int count = args_.screen.pick_count[row_];
    const std::int32_t* atoms = args_.screen.pick_atoms + row_ * most_picks;
    const float* correlations = args_.screen.pick_values + row_ * most_picks;
    group_.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (int i = lane; i < count; i += Group::size) {
        pick_atoms_[i] = atoms[i];
        pick_correlations_[i] = correlations[i];
      }
    });
    group_.sync();
    return count;
  }

  /// Of the listed atoms that may violate at the residual at hand, the best that do.
  /// @param begun  whether there is a working set, the code otherwise; of `present` atoms
  SPLICE_KERNEL int find_picks(bool begun, int present, bool thorough) {
    if (!begun) {
      const std::int32_t* atoms = args_.rows.code_atoms + row_ * args_.rows.code_capacity;
      solver_.tableau.name_atoms(present, [&](int i) { return atoms[i]; });
    }
    return pick(find_violators(thorough), picks_at_once(capacity_, present));
  }

  /// Listed atoms that may violate at the residual at hand become violators, with the correlations that they have with it.
  /// @param thorough  whether what hardly violates is looked at, too  @returns how many
  SPLICE_KERNEL int find_violators(bool thorough) {
    const float lambda = solver_.lambda();
    const float share = !thorough && args_.rows.rounds[row_] <= likely_rounds ? likely_share : 1.0f;
    if (moved_ < 0) moved_ = moved();
    const float distance = share * moved_;
    const float norm = share * args_.screen.norm[row_];
    const int found = list_passing_entries(
        group_, listed(),
        [&](int i) SPLICE_INLINED { return list_entry(list_atoms_, list_values_, args_.problem.screen_error, i); },
        [&](int, int, const ListEntry& entry) SPLICE_INLINED {
          const float bound = math::screened_upper_bound(solver_.size_of(entry.value), entry.error, norm,
                                                         args_.problem.atom_norm, distance);
          return bound > lambda && !solver_.tableau.has_atom(entry.atom);
        },
        [&](int at, int, const ListEntry& entry) SPLICE_INLINED {
          candidates_[at] = entry.atom;
          products_[at] = entry.value;
        });
    const int left = refine(found, norm, distance);
    dot_listed(group_, float_atoms(args_.atoms), left, violators_, solver_.residual, products_);
    group_.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (int i = lane; i < left; i += Group::size) {
        products_[i] = static_cast<float>(products_[i]) * solver_.inverse(static_cast<std::int32_t>(violators_[i]));
      }
    });
    group_.sync();
    return left;
  }

  /// Of the first `found` candidates, those that may violate once the remainders of their int8 copies are multiplied, too, become
  /// violators. @returns how many
  SPLICE_KERNEL int refine(int found, float norm, float distance) {
    const float scale = args_.screen.scale[row_];
    const float lambda = solver_.lambda();
    multiply_remainders(group_, args_.atoms.remainders, args_.atoms.ld, found, candidates_, copy(), sums_);
    return list_passing_entries<1>(
        group_, found, [&](int i) SPLICE_INLINED { return refined_entry(args_.problem, candidates_, products_, sums_, i); },
        [&](int, int, const RefinedEntry& entry) SPLICE_INLINED {
          return math::screened_upper_bound(solver_.size_of(refined_value(entry, scale)), entry.remainder.error, norm,
                                            args_.problem.atom_norm, distance) > lambda;
        },
        [&](int at, int, const RefinedEntry& entry) SPLICE_INLINED { violators_[at] = entry.atom; });
  }

  /// The row's int8 copy.
  SPLICE_KERNEL const std::int8_t* copy() const { return args_.screen.q + args_.screen.place[row_] * args_.atoms.ld; }

  /// All that passed: a list that lacks some is not picked from.
  SPLICE_KERNEL int listed() const { return args_.screen.list_count[row_]; }

  /// Of `count` violators the best `most` become picks.
  SPLICE_KERNEL int pick(int count, int most) {
    constexpr int limit = Group::size < most_picks ? first_picks : most_picks;  // warps have the small sets
    const int picked = pick_best<limit>(
        group_, count, [&](int i) SPLICE_INLINED -> float { return solver_.size_of(products_[i]); }, solver_.lambda() + slack_,
        most, pick_atoms_, pick_correlations_);
    // All at once: what was picked one after the other lies far away.
    group_.each([&](int lane) {
      for (int slot = lane; slot < picked; slot += Group::size) {
        const std::int32_t i = pick_atoms_[slot];
        pick_atoms_[slot] = static_cast<std::int32_t>(violators_[i]);
        pick_correlations_[slot] = static_cast<float>(products_[i]);
      }
    });
    group_.sync();
    return picked;
  }

  /// How far the residual has moved since it was screened: upper bound.
  SPLICE_KERNEL float moved() {
    const float distance = distance_to_copy<float>(group_, args_.atoms.ld, solver_.residual, copy(), args_.screen.scale[row_]);
    return distance * (1 + 1e-5f) + rounding * args_.screen.norm[row_];
  }

  Group& group_;
  const SolveRowsArgs& args_;
  std::int64_t row_;
  int capacity_;
  typename Group::template Array<std::int32_t> list_atoms_;
  typename Group::template Array<float> list_values_;
  typename Group::template Array<float> products_;
  typename Group::template Array<std::int32_t> candidates_;
  typename Group::template Array<std::int32_t> sums_;
  typename Group::template Array<std::int32_t> violators_;
  typename Group::template Array<RowPhase> phase_;
  typename Group::template Array<std::int32_t> pick_atoms_;
  typename Group::template Array<float> pick_correlations_;
  RowSolver<Group, Matrix> solver_;
  float slack_;  ///< how far correlations may stay from lambda
  float moved_ = -1;  ///< what moved() is of the residual at hand; less than 0: not known
};

template <bool checks>
struct SolveRow {
  static constexpr const char* warp_kernel = checks ? "warp_check_rows_kernel" : "warp_solve_rows_kernel";
  static constexpr const char* block_kernel = checks ? "block_check_rows_kernel" : "block_solve_rows_kernel";
  static constexpr int list(int tier) { return checks ? check_list(tier) : solve_list(tier); }

  using Memory = Picks;

  /// Rows that outgrow this tier wait for the next one.
  template <class Group, class Matrix>
  static SPLICE_KERNEL void run(Group& group, std::int32_t row, const SolveRowsArgs& args, int tier, Matrix& matrix,
                                const RowSolverMemory& memory, int capacity, Picks& picks) {
    if (RowRound<Group, Matrix, checks>(group, args, row, matrix, memory, capacity, picks).run()) return;
    group.once([&] {
      if (tier + 1 < solver_tiers) {
        wait_for<Group>(args.rows, args.screen, row, list(tier + 1));
      } else {
        args.rows.phase[row] = RowPhase::exact;
      }
    });
  }
};

}  // namespace splice_cuda::cuda
