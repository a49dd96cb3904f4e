#pragma once

/// @file solve_rows.hpp
/// Stage `solve`: what follows a screening. After the first pass a row is solved among its best candidates; after a pass with
/// bounds to the end among what is listed, and claims to be done if nothing else can matter.

#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/block_register_matrix.hpp"
#include "kernels/list_passing.hpp"
#include "kernels/memory_matrix.hpp"
#include "kernels/pick_best.hpp"
#include "kernels/quantize_rows.hpp"
#include "kernels/register_matrix.hpp"
#include "kernels/remainder_products.hpp"
#include "kernels/row_products.hpp"
#include "kernels/row_solver.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Atoms that join at once: in a first pass, and where sets are small; where they are large, at most and at least.
inline constexpr int first_picks = 32;
inline constexpr int most_picks = 64;
inline constexpr int least_picks = 16;

struct SolveRowsArgs {
  AtomsView atoms;
  ProblemView problem;
  RowsView rows;
  ScreenView screen;
  float* products = nullptr;           ///< [groups, list_capacity] of candidates: with the residual, then correlations
  std::int32_t* candidates = nullptr;  ///< [groups, candidate_lists, list_capacity] atoms that may violate
  float* matrices = nullptr;  ///< [groups, capacity, capacity] where they are not in registers ...
  RowSolverMemory first;      ///< ... and the rest of group 0; that of group i follows
  ItemQueue* queue = nullptr;
  bool last_round = false;  ///< nobody screens what it leaves
};

/// The picks of a step, with their correlations.
struct Picks {
  std::int32_t atoms[most_picks];
  float correlations[most_picks];
};

template <class Group, class Matrix>
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
        candidates_(candidate_list(group, args, 0)),
        sums_(candidate_list(group, args, 1)),
        violators_(candidate_list(group, args, 2)),
        phase_(group.array(args.rows.phase + row, 1)),
        pick_atoms_(group.array(picks.atoms, most_picks)),
        pick_correlations_(group.array(picks.correlations, most_picks)),
        solver_(group, args.atoms, args.problem, args.rows, row, matrix, memory, capacity),
        slack_(first_slack * solver_.lambda()) {}

  /// What the row waits for. @returns false where the working set outgrows its memory: the round is to be repeated with more
  SPLICE_KERNEL bool run(RowPhase phase) {
    const bool refused = phase == RowPhase::refused;
    const bool screened_with_bounds = phase == RowPhase::certifying || refused;
    bool certifying = screened_with_bounds;
    bool rough = phase == RowPhase::first_pass;
    if (certifying && listed() < args_.screen.list_count[row_]) {
      shorten_list();
      return true;
    }
    const int kept = phase == RowPhase::first_pass ? 0 : args_.rows.code_count[row_];
    if (kept > capacity_) return false;
    bool settled = false;
    bool outgrown = false;
    // Atoms that join, a solution, and again. Each stage has one place in the code: instructions have to be fetched, too.
    SPLICE_NO_UNROLL
    for (int step = 0; step <= steps; ++step) {
      const int present = step == 0 ? kept : solver_.tableau.size();
      const int joining = phase == RowPhase::warm ? 0 : find_picks(phase, step > 0, present);
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
        if (certifying && may_guess() && will_move(joining)) {
          certifying = false;
          rough = true;
        }
        set_atoms(kept, joining, rough);
      } else {
        solver_.append(
            joining, [&](int i) -> std::int32_t { return pick_atoms_[i]; },
            [&](int i) -> float { return pick_correlations_[i]; });
      }
      if (!settle(certifying, has_to_check(refused), rough, step == 0 ? kept : 0)) break;
    }
    solver_.write();
    if (outgrown) return false;
    end_round(settled, refused, screened_with_bounds ? 1 : 0);
    return true;
  }

 private:
  static constexpr int steps = 4;         // of a round: violators that join
  static constexpr int newton_steps = 6;
  // What a step divides violations by, at least, where the support stays: inverses err by much less. So slacks that were near
  // need no second look.
  static constexpr float newton_gain = 32;
  static constexpr float claimed_tolerance = 5e-7f;  // of lambda, some roundings: what may violate of an unchecked claim
  static constexpr double unchecked_gap = 5e-7;  // gap tolerances below are as small as what that may cost
  static constexpr float first_slack = 1e-3f;  // of lambda: before anything is solved
  static constexpr int most_misses = 6;   // rounds without a certificate
  static constexpr float rounding = 0x1p-22f;  // of the differences that make a distance, of the copy's norm
  // What an int8 atom hardly errs by, of its bound (src/cpu/working_set_row.cpp), and what a movement hardly adds to a
  // correlation, of its length, which only an atom in its direction would see; and rounds that look no further: what they
  // overlook, the certificate finds.
  static constexpr float likely_share = 0.25f;
  static constexpr int likely_rounds = 3;

  /// Solves; to the end where the row can claim what it finds. The residual is what the next screening starts from, whatever it
  /// is the residual of.
  /// @param checking  reads the correlations of the working set from its atoms before it claims, and takes Newton steps until they
  ///                  are what they should be
  /// @param rough     a guess will do
  /// @param expected  so many atoms, the first ones, are likely to be in the support, which is empty then
  /// @returns whether it can claim
  SPLICE_KERNEL bool settle(bool certifying, bool checking, bool rough, int expected) {
    // What is not claimed is only a good guess, and what is checked is solved again.
    float tolerance = (certifying && !checking ? claimed_tolerance : 1e-5f) * solver_.lambda();
    float violation = 0;
    SPLICE_NO_UNROLL
    for (int newton = 0;; ++newton) {
      const int before = solver_.iterations();
      solver_.solve(tolerance, rough, newton == 0 ? expected : 0);
      if (!certifying || !may_claim()) return false;
      if (newton == 0) slack_ = solver_.slack();
      if (!checking) return true;
      const bool near_enough = newton > 0 && solver_.iterations() == before && violation <= newton_gain * slack_;
      if (near_enough || newton == newton_steps) return true;
      violation = solver_.read_slacks();
      if (!(violation > slack_)) return true;
      solver_.newton_step();
      tolerance = 0.5f * slack_;
    }
  }

  /// Whether a claim is checked. Float32 hardly ever needs that: a certificate that may still be refused is left to tell.
  SPLICE_KERNEL bool has_to_check(bool refused) const {
    return refused || out_of_rounds() || args_.last_round || args_.problem.gap_tolerance < unchecked_gap;
  }

  /// Whether what the screening proved of the atoms that it did not list still says that none of them matters.
  SPLICE_KERNEL bool may_claim() {
    return args_.screen.unlisted_bound[row_] + args_.problem.atom_norm * moved() <= solver_.lambda();
  }

  /// Once a row, and not where the round's code is the last one: list values err, and where they do so for many atoms that are
  /// nearly parallel, picks seem to move a residual that does not.
  SPLICE_KERNEL bool may_guess() const {
    constexpr int first_pass = 1;  // counts as a miss
    return args_.rows.misses[row_] <= first_pass && !out_of_rounds() && !args_.last_round;
  }

  /// Whether picks violate by so much that the residual will move farther than a claim allows: by about the norm of what they
  /// exceed lambda by, as the solution undoes that.
  SPLICE_KERNEL bool will_move(int joining) {
    const float excess = group_.template sum<float>([&](int lane) {
      float sum = 0;
      for (int i = lane; i < joining; i += Group::size) {
        const float own = solver_.size_of(pick_correlations_[i]) - solver_.lambda();
        sum = std::fma(own, own, sum);
      }
      return sum;
    });
    const float room = solver_.lambda() - args_.screen.unlisted_bound[row_];
    return !(room > 0) || excess > room * room;
  }

  /// Atoms that join, the best of those that violate: in a first pass the list holds nothing else. Afterwards, at the residual
  /// that was screened, what it says to violate is believed; only where that is nothing, or once the residual has moved, are
  /// listed atoms looked at exactly.
  /// @param begun  whether there is a working set, the code otherwise; of `present` atoms
  SPLICE_KERNEL int find_picks(RowPhase phase, bool begun, int present) {
    const bool first_pass = phase == RowPhase::first_pass;
    if (!first_pass && !begun) {
      const std::int32_t* atoms = args_.rows.code_atoms + row_ * args_.rows.code_capacity;
      solver_.tableau.name_atoms(present, [&](int i) { return atoms[i]; });
    }
    int picked = 0;
    bool exactly = begun;
    SPLICE_NO_UNROLL
    while (true) {
      const int found = first_pass ? listed() : find_violators(exactly, phase == RowPhase::refused);
      picked = pick(found, solver_.lambda() + (exactly ? slack_ : 0.0f), picks_at_once(present),
                    first_pass ? list_atoms_ : violators_, first_pass ? list_values_ : products_);
      if (picked > 0 || exactly || first_pass) return picked;
      exactly = true;
    }
  }

  /// Listed atoms that violate by the list alone become candidates, with the list's correlations; `exactly`: those that may
  /// violate at the residual at hand, with correlations that are made for them.
  /// @param thorough  whether what hardly violates is looked at, too
  SPLICE_KERNEL int find_violators(bool exactly, bool thorough) {
    const float lambda = solver_.lambda();
    const float share = !exactly ? 0.0f : !thorough && args_.rows.rounds[row_] <= likely_rounds ? likely_share : 1.0f;
    const float distance = exactly ? share * moved() : 0.0f;
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
          (exactly && refines() ? candidates_ : violators_)[at] = entry.atom;
          products_[at] = entry.value;
        });
    if (!exactly) return found;
    const int left = refines() ? refine(found, norm, distance) : found;
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

  /// Not where sets are small: few atoms are looked at, and the code that warps run has to stay short.
  SPLICE_KERNEL bool refines() const { return capacity_ > tier_capacity(1); }

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

  /// One of the group's lists of candidates.
  static SPLICE_KERNEL typename Group::template Array<std::int32_t> candidate_list(Group& group, const SolveRowsArgs& args, int number) {
    const std::int64_t room = args.screen.list_capacity;
    return group.array(args.candidates + (candidate_lists * group.index() + number) * room, room);
  }

  /// The row's int8 copy.
  SPLICE_KERNEL const std::int8_t* copy() const { return args_.screen.q + args_.screen.place[row_] * args_.atoms.ld; }

  /// Large sets take many at once, but fewer rather than go on to the solver that works in global memory.
  SPLICE_KERNEL int picks_at_once(int present) const {
    if (capacity_ <= tier_capacity(1)) return first_picks;
    const int room = capacity_ - present;
    return room >= least_picks && room < most_picks ? room : most_picks;
  }

  /// The code and the picks as the working set.
  SPLICE_KERNEL void set_atoms(int kept, int joining, bool rough) {
    const std::int32_t* atoms = args_.rows.code_atoms + row_ * args_.rows.code_capacity;
    const float* weights = args_.rows.code_weights + row_ * args_.rows.code_capacity;
    solver_.set_atoms(
        kept + joining,
        [&](int i) -> std::int32_t { return i < kept ? atoms[i] : static_cast<std::int32_t>(pick_atoms_[i - kept]); },
        [&](int i) -> float { return i < kept ? weights[i] : static_cast<float>(pick_correlations_[i - kept]); }, rough);
  }

  /// Of `count` atoms with their correlations, the best `most` above `floor` become picks.
  template <class Atoms, class Correlations>
  SPLICE_KERNEL int pick(int count, float floor, int most, const Atoms& atoms, const Correlations& correlations) {
    const int picked = pick_best(
        group_, count, [&](int i) SPLICE_INLINED -> float { return solver_.size_of(correlations[i]); }, floor, most, pick_atoms_,
        pick_correlations_);
    // All at once: what was picked one after the other lies far away.
    group_.each([&](int lane) {
      for (int slot = lane; slot < picked; slot += Group::size) {
        const std::int32_t i = pick_atoms_[slot];
        pick_atoms_[slot] = static_cast<std::int32_t>(atoms[i]);
        pick_correlations_[slot] = static_cast<float>(correlations[i]);
      }
    });
    group_.sync();
    return picked;
  }

  SPLICE_KERNEL int listed() const {
    const std::int64_t count = args_.screen.list_count[row_];
    return static_cast<int>(count < args_.screen.list_capacity ? count : args_.screen.list_capacity);
  }

  /// The list did not hold what passed: the round proves nothing. It is repeated with a narrower margin.
  SPLICE_KERNEL void shorten_list() {
    group_.once([&] {
      const int level = args_.screen.margin_level[row_] + 1;
      args_.screen.margin_level[row_] = level;
      if (level >= margin_levels) phase_[0] = RowPhase::exact;
      if (out_of_rounds()) phase_[0] = RowPhase::claims_exactly;
    });
  }

  SPLICE_KERNEL bool out_of_rounds() const { return args_.rows.rounds[row_] >= args_.problem.max_rounds; }

  /// How far the residual has moved since it was screened: upper bound.
  SPLICE_KERNEL float moved() {
    const float distance = distance_to_copy<float>(group_, args_.atoms.ld, solver_.residual, copy(), args_.screen.scale[row_]);
    return distance * (1 + 1e-5f) + rounding * args_.screen.norm[row_];
  }

  /// The code is written; what the row waits for next, unless its budget or its patience is spent: its certificate, if it is
  /// settled, else another round.
  SPLICE_KERNEL void end_round(bool settled, bool refused, int margin_level) {
    group_.once([&] {
      args_.screen.margin_level[row_] = margin_level;
      args_.rows.iterations[row_] += solver_.iterations();
      RowPhase next = settled ? RowPhase::claims : refused ? RowPhase::refused : RowPhase::certifying;
      if (!settled) {
        const std::int32_t misses = args_.rows.misses[row_]++;
        if (misses >= most_misses) next = RowPhase::exact;
        if (out_of_rounds()) next = RowPhase::claims_exactly;
      }
      phase_[0] = next;
    });
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
};

/// How many rows a solver has to look at, which the device alone knows: the first one at all that take part, the others at those
/// that wait for them.
SPLICE_KERNEL std::int64_t rows_of_tier(const SolveRowsArgs& args, int tier) {
  return tier == 0 ? *args.screen.active_count : args.screen.waiting_count[tier - 1];
}

/// By one lane: what row of which solver it is has been written.
template <class Group>
SPLICE_KERNEL void wait_for_tier(const SolveRowsArgs& args, std::int32_t row, int tier) {
  const std::int32_t place = Group::count_up(args.screen.waiting_count + tier - 1);
  args.screen.waiting[(tier - 1) * args.rows.count + place] = row;
}

/// Item: a place among the rows of this tier, which those that outgrow it leave for the next one. The first one sends rows that
/// have outgrown it before to theirs.
template <class Group, class Matrix>
SPLICE_KERNEL void solve_row(Group& group, std::int64_t place, const SolveRowsArgs& args, int tier, Matrix& matrix,
                             const RowSolverMemory& memory, int capacity, Picks& picks) {
  const std::int32_t row = tier == 0 ? args.screen.active[place] : args.screen.waiting[(tier - 1) * args.rows.count + place];
  if (tier == 0) {
    const std::int32_t own = args.rows.tier[row];
    if (own > 0) {
      group.once([&] { wait_for_tier<Group>(args, row, own); });
      return;
    }
  }
  const RowPhase phase = group.array(args.rows.phase + row, 1)[0];
  if (phase == RowPhase::exact || phase >= RowPhase::claims) return;
  group.sync();
  RowRound<Group, Matrix> round(group, args, row, matrix, memory, capacity, picks);
  if (round.run(phase)) return;
  group.once([&] {
    args.rows.tier[row] = tier + 1;
    if (tier + 1 < solver_tiers) {
      wait_for_tier<Group>(args, row, tier + 1);
    } else {
      args.rows.phase[row] = RowPhase::exact;
    }
  });
}

/// What a group shares of a working set of `capacity` atoms, beside its matrix.
template <int set_capacity>
struct SharedSet {
  alignas(16) float row[set_capacity];
  float value[set_capacity];
  float diagonal[set_capacity];
  float factor[set_capacity];
  float gram[set_capacity];
  alignas(16) float slacks[set_capacity];
  std::int32_t atom[set_capacity];
  std::int32_t in_support[set_capacity];
  std::int32_t exchanges[set_capacity];
  std::int32_t support[set_capacity];
  Picks picks;

  SPLICE_KERNEL RowSolverMemory memory() {
    return {{value, diagonal, factor, row, atom, in_support, exchanges}, gram, slacks, support};
  }
};

/// Working sets in a warp's registers, a warp a row.
template <int set_tier, int set_capacity, int blocks>
struct WarpSolveRowsKernel {
  using Args = SolveRowsArgs;
  struct Shared {
    alignas(16) RegisterMatrixMemory<set_capacity> matrix;
    SharedSet<set_capacity> set;
  };
  static constexpr int tier = set_tier;
  static constexpr int capacity = set_capacity;
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 4;
  static constexpr int resident_blocks = blocks;
  static constexpr const char* name = "warp_solve_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return rows_of_tier(args, tier); }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    RegisterMatrix<Group, capacity> matrix(group, shared.matrix, shared.set.slacks);  // which cross products need no longer
    solve_row(group, place, args, tier, matrix, shared.set.memory(), capacity, shared.set.picks);
  }
};

/// Working sets in a block's registers, a block a row.
template <int set_tier, int set_capacity>
struct BlockSolveRowsKernel {
  using Args = SolveRowsArgs;
  struct Shared {
    alignas(16) BlockRegisterMatrixMemory<set_capacity> matrix;
    SharedSet<set_capacity> set;
  };
  static constexpr int tier = set_tier;
  static constexpr int capacity = set_capacity;
  static constexpr int lanes = set_capacity;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 2;
  static constexpr const char* name = "block_solve_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return rows_of_tier(args, tier); }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    BlockRegisterMatrix<Group, capacity> matrix(group, shared.matrix, shared.set.slacks);  // which cross products need no longer
    solve_row(group, place, args, tier, matrix, shared.set.memory(), capacity, shared.set.picks);
  }
};

using TinySolveRowsKernel = WarpSolveRowsKernel<0, tier_capacity(0), 3>;
using SmallSolveRowsKernel = WarpSolveRowsKernel<1, tier_capacity(1), 2>;
using MediumSolveRowsKernel = BlockSolveRowsKernel<2, tier_capacity(2)>;

/// Larger working sets, in global memory.
struct LargeSolveRowsKernel {
  using Args = SolveRowsArgs;
  struct Shared {
    Picks picks;
  };
  static constexpr int tier = 3;
  static constexpr int capacity = tier_capacity(3);
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "large_solve_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return rows_of_tier(args, tier); }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    RowSolverMemory m = args.first;
    const std::int64_t offset = group.index() * capacity;
    m.tableau.value += offset;
    m.tableau.diagonal += offset;
    m.tableau.factor += offset;
    m.tableau.row += offset;
    m.tableau.atom += offset;
    m.tableau.in_support += offset;
    m.tableau.exchanges += offset;
    m.gram += offset;
    m.slacks += offset;
    m.support += offset;
    MemoryMatrix<Group, float> matrix(group, args.matrices + offset * capacity, capacity);
    solve_row(group, place, args, tier, matrix, m, capacity, shared.picks);
  }
};

}  // namespace splice_cuda::cuda
