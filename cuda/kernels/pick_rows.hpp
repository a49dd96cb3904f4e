#pragma once

/// @file pick_rows.hpp
/// Stage `select`: which atoms of its list join a row's working set, by what the list says of them; and with that which solver
/// the row waits for. First passes are guessed, and rows that will move too far to claim anything (guess_row.hpp), but for
/// large sets; all others are solved (row_round.hpp).

#include <cmath>
#include <cstdint>

#include "kernels/atom_names.hpp"
#include "kernels/list_passing.hpp"
#include "kernels/pick_best.hpp"
#include "kernels/picks.hpp"
#include "kernels/quantize_rows.hpp"
#include "kernels/row_outcome.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct PickRowsArgs {
  ProblemView problem;
  RowsView rows;
  ScreenView screen;
  std::int32_t* violators = nullptr;  ///< [groups, list_capacity] places in a row's list
  ItemQueue* queue = nullptr;
  bool last_round = false;  ///< nobody screens what it leaves
};

/// What a group shares while it picks.
struct PickMemory {
  std::int32_t code[tier_capacity(solver_tiers - 1)];
  Picks picks;
};

template <class Group>
class RowPicks {
 public:
  SPLICE_KERNEL RowPicks(Group& group, const PickRowsArgs& args, std::int64_t row, PickMemory& memory)
      : group_(group),
        args_(args),
        row_(row),
        list_atoms_(group.array(args.screen.list_atoms + row * args.screen.list_capacity, args.screen.list_capacity)),
        list_values_(group.array(args.screen.list_values + row * args.screen.list_capacity, args.screen.list_capacity)),
        violators_(group.array(args.violators + group.index() * args.screen.list_capacity, args.screen.list_capacity)),
        phase_(group.array(args.rows.phase + row, 1)),
        code_(group.array(memory.code, tier_capacity(solver_tiers - 1))),
        places_(group.array(memory.picks.atoms, most_picks)),
        sizes_(group.array(memory.picks.correlations, most_picks)),
        lambda_(static_cast<float>(args.rows.lambda[row])) {}

  SPLICE_KERNEL void run() {
    const RowPhase phase = phase_[0];
    if (phase == RowPhase::exact || phase >= RowPhase::claims) return;
    group_.sync();
    const bool bounded = phase == RowPhase::certifying || phase == RowPhase::refused;
    if (bounded && listed() < args_.screen.list_count[row_]) {
      shorten_list();
      return;
    }
    const int kept = phase == RowPhase::first_pass ? 0 : args_.rows.code_count[row_];
    const int violating = phase == RowPhase::warm ? 0 : bounded ? find_violators(kept) : listed();
    // The smallest solver that holds the code and what joins.
    int tier = 0;
    int joining = 0;
    SPLICE_NO_UNROLL
    for (; tier < solver_tiers; ++tier) {
      const int most = picks_at_once(tier_capacity(tier), kept);
      joining = violating < most ? violating : most;
      if (kept + joining <= tier_capacity(tier)) break;
    }
    if (tier == solver_tiers) {
      group_.once([&] { phase_[0] = RowPhase::exact; });
      return;
    }
    const int picked = pick(violating, joining, bounded);
    const bool guessed = tier < guessing_tiers && (phase == RowPhase::first_pass || (may_guess(phase) && will_move(picked)));
    write(picked, bounded);
    group_.once([&] {
      args_.screen.pick_count[row_] = picked;
      const int list = guessed ? guess_list(tier) : has_to_be_checked(phase) ? check_list(tier) : solve_list(tier);
      wait_for<Group>(args_.rows, args_.screen, static_cast<std::int32_t>(row_), list);
    });
  }

 private:
  SPLICE_KERNEL int listed() const {
    const std::int64_t count = args_.screen.list_count[row_];
    return static_cast<int>(count < args_.screen.list_capacity ? count : args_.screen.list_capacity);
  }

  SPLICE_KERNEL float size_of(float correlation) const {
    return args_.problem.nonnegative ? correlation : std::fabs(correlation);
  }

  /// Of the listed atoms outside the code those that violate by the list alone. @returns how many
  SPLICE_KERNEL int find_violators(int kept) {
    struct Entry {
      std::int32_t atom;
      float value;
    };
    constexpr int places = tier_capacity(solver_tiers - 1);
    const int named = kept < places ? kept : places;  // of more, no solver takes the row
    const std::int32_t* atoms = args_.rows.code_atoms + row_ * args_.rows.code_capacity;
    const int capacity = (named + names_at_once - 1) / names_at_once * names_at_once;
    name_atoms(group_, code_, capacity, named, [&](int i) { return atoms[i]; });
    return list_passing_entries(
        group_, listed(), [&](int i) SPLICE_INLINED { return Entry{list_atoms_[i], list_values_[i]}; },
        [&](int, int, const Entry& entry) SPLICE_INLINED {
          return size_of(entry.value) > lambda_ && !has_name(code_, named, entry.atom);
        },
        [&](int at, int i, const Entry&) SPLICE_INLINED { violators_[at] = i; });
  }

  /// The place in the list of violator i; first passes list nothing else.
  SPLICE_KERNEL std::int32_t place_of(std::int32_t i, bool bounded) const {
    return bounded ? static_cast<std::int32_t>(violators_[i]) : i;
  }

  /// Of `violating` atoms the best `most`. @returns how many
  SPLICE_KERNEL int pick(int violating, int most, bool bounded) {
    return pick_best<most_picks>(
        group_, violating, [&](int i) SPLICE_INLINED -> float { return size_of(list_values_[place_of(i, bounded)]); }, lambda_,
        most, places_, sizes_);
  }

  /// The picks to where solvers find them.
  SPLICE_KERNEL void write(int picked, bool bounded) {
    std::int32_t* atoms = args_.screen.pick_atoms + row_ * most_picks;
    float* correlations = args_.screen.pick_values + row_ * most_picks;
    group_.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (int slot = lane; slot < picked; slot += Group::size) {
        const std::int32_t place = place_of(places_[slot], bounded);
        atoms[slot] = list_atoms_[place];
        correlations[slot] = list_values_[place];
      }
    });
  }

  /// Once a row, and not where the round's code is the last one: list values err, and where they do so for many atoms that are
  /// nearly parallel, picks seem to move a residual that does not.
  SPLICE_KERNEL bool may_guess(RowPhase phase) const {
    constexpr int first_pass = 1;  // counts as a miss
    return phase == RowPhase::certifying && args_.rows.misses[row_] <= first_pass && !args_.last_round &&
           !out_of_rounds(args_.problem, args_.rows, row_);
  }

  /// Whether picks violate by so much that the residual will move farther than a claim allows: by about the norm of what they
  /// exceed lambda by, as the solution undoes that.
  SPLICE_KERNEL bool will_move(int picked) {
    const float excess = group_.template sum<float>([&](int lane) {
      float sum = 0;
      SPLICE_NO_UNROLL
      for (int i = lane; i < picked; i += Group::size) {
        const float own = static_cast<float>(sizes_[i]) - lambda_;
        sum = std::fma(own, own, sum);
      }
      return sum;
    });
    const float room = lambda_ - args_.screen.unlisted_bound[row_];
    return picked > 0 && (!(room > 0) || excess > room * room);
  }

  /// Whether a claim is checked before it is made. Float32 hardly ever needs that: a certificate that may still be refused is left
  /// to tell.
  SPLICE_KERNEL bool has_to_be_checked(RowPhase phase) const {
    return phase == RowPhase::refused || args_.last_round || args_.problem.gap_tolerance < unchecked_gap ||
           out_of_rounds(args_.problem, args_.rows, row_);
  }

  /// The list did not hold what passed: the round proves nothing. It is repeated with a narrower margin.
  SPLICE_KERNEL void shorten_list() {
    group_.once([&] {
      const int level = args_.screen.margin_level[row_] + 1;
      args_.screen.margin_level[row_] = level;
      if (level >= margin_levels) phase_[0] = RowPhase::exact;
      if (out_of_rounds(args_.problem, args_.rows, row_)) phase_[0] = RowPhase::claims_exactly;
    });
  }

  static constexpr double unchecked_gap = 5e-7;  // gap tolerances below are as small as what unchecked claims may cost

  Group& group_;
  const PickRowsArgs& args_;
  std::int64_t row_;
  typename Group::template Array<std::int32_t> list_atoms_;
  typename Group::template Array<float> list_values_;
  typename Group::template Array<std::int32_t> violators_;
  typename Group::template Array<RowPhase> phase_;
  typename Group::template Array<std::int32_t> code_;
  typename Group::template Array<std::int32_t> places_;  ///< of picks among the violators
  typename Group::template Array<float> sizes_;          ///< of their correlations
  float lambda_;
};

/// Item: a place among the active rows.
struct PickRowsKernel {
  using Args = PickRowsArgs;
  using Shared = PickMemory;
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 4;
  static constexpr int resident_blocks = 6;
  static constexpr const char* name = "pick_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return *args.screen.active_count; }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    RowPicks<Group>(group, args, args.screen.active[place], shared).run();
  }
};

}  // namespace splice_cuda::cuda
