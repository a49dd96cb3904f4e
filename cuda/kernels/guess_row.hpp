#pragma once

/// @file guess_row.hpp
/// A first pass, or a row whose residual will move too far for a claim: its code and its picks are solved once, from the atoms' high float16 parts.
/// The next screening starts from there.

#include <cstdint>

#include "kernels/picks.hpp"
#include "kernels/row_outcome.hpp"
#include "kernels/row_solver.hpp"
#include "kernels/solve_row_args.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct GuessRow {
  static constexpr const char* warp_kernel = "warp_guess_rows_kernel";
  static constexpr int list(int tier) { return guess_list(tier); }

  struct Memory {};

  template <class Group, class Matrix>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const SolveRowsArgs& args, int, Matrix& matrix,
                                const RowSolverMemory& memory, int capacity, Memory&) {
    auto phase = group.array(args.rows.phase + row, 1);
    const bool first_pass = phase[0] == RowPhase::first_pass;
    const int kept = first_pass ? 0 : args.rows.code_count[row];
    const int joining = args.screen.pick_count[row];
    const std::int32_t* picks = args.screen.pick_atoms + row * most_picks;
    const float* correlations = args.screen.pick_values + row * most_picks;
    constexpr bool rough = true;
    RowSolver<Group, Matrix, rough> solver(group, args.atoms, args.problem, args.rows, row, matrix, memory, capacity);
    solver.set_atoms(kept, joining, picks, correlations);
    solver.solve(guess_tolerance * solver.lambda(), kept);
    solver.write();
    group.once([&] {
      args.screen.margin_level[row] = first_pass ? 0 : 1;
      args.rows.iterations[row] += solver.iterations();
      phase[0] = phase_after_miss(args.problem, args.rows, row, RowPhase::certifying);
    });
  }
};

}  // namespace splice_cuda::cuda
