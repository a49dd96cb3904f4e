#pragma once

/// @file solve_rows.hpp
/// Stage `solve`: what follows the picks. A row is guessed or solved, as those who picked have decided, by the solver that holds
/// its working set.

#include <cstdint>

#include "kernels/block_register_matrix.hpp"
#include "kernels/guess_row.hpp"
#include "kernels/memory_matrix.hpp"
#include "kernels/picks.hpp"
#include "kernels/register_matrix.hpp"
#include "kernels/row_outcome.hpp"
#include "kernels/row_round.hpp"
#include "kernels/row_solver.hpp"
#include "kernels/solve_row_args.hpp"
#include "kernels/solve_tiers.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

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

  SPLICE_KERNEL RowSolverMemory memory() {
    return {{value, diagonal, factor, row, atom, in_support, exchanges}, gram, slacks, support};
  }
};

/// Working sets in a warp's registers, a warp a row. Item: a place in the list of rows that wait for this.
/// @tparam Duty  GuessRow or a SolveRow
template <class Duty, int set_tier, int blocks>
struct WarpRowsKernel {
  using Args = SolveRowsArgs;
  static constexpr int tier = set_tier;
  static constexpr int capacity = tier_capacity(tier);
  struct Shared {
    alignas(16) RegisterMatrixMemory<capacity> matrix;
    SharedSet<capacity> set;
    typename Duty::Memory own;
  };
  static constexpr int list = Duty::list(tier);
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 4;
  static constexpr int resident_blocks = blocks;
  static constexpr const char* name = Duty::warp_kernel;

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return args.screen.waiting_count[list]; }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    RegisterMatrix<Group, capacity> matrix(group, shared.matrix, shared.set.slacks);  // which cross products need no longer
    Duty::run(group, waiting_row(args.rows, args.screen, list, place), args, tier, matrix, shared.set.memory(), capacity,
              shared.own);
  }
};

/// Working sets in a block's registers, a block a row.
/// @tparam Duty  a SolveRow
template <class Duty, int set_tier>
struct BlockRowsKernel {
  using Args = SolveRowsArgs;
  static constexpr int tier = set_tier;
  static constexpr int capacity = tier_capacity(tier);
  struct Shared {
    alignas(16) BlockRegisterMatrixMemory<capacity> matrix;
    SharedSet<capacity> set;
    typename Duty::Memory own;
  };
  static constexpr int list = Duty::list(tier);
  static constexpr int lanes = capacity;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 2;
  static constexpr const char* name = Duty::block_kernel;

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return args.screen.waiting_count[list]; }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t place, const Args& args, Shared& shared) {
    BlockRegisterMatrix<Group, capacity> matrix(group, shared.matrix, shared.set.slacks);  // which cross products need no longer
    Duty::run(group, waiting_row(args.rows, args.screen, list, place), args, tier, matrix, shared.set.memory(), capacity,
              shared.own);
  }
};

using TinyGuessRowsKernel = WarpRowsKernel<GuessRow, 0, 4>;
using SmallGuessRowsKernel = WarpRowsKernel<GuessRow, 1, 2>;
using TinySolveRowsKernel = WarpRowsKernel<SolveRow<false>, 0, 3>;
using SmallSolveRowsKernel = WarpRowsKernel<SolveRow<false>, 1, 2>;
using MediumSolveRowsKernel = BlockRowsKernel<SolveRow<false>, 2>;
using SmallCheckRowsKernel = WarpRowsKernel<SolveRow<true>, 1, 2>;
using MediumCheckRowsKernel = BlockRowsKernel<SolveRow<true>, 2>;

/// Larger working sets, in global memory.
struct LargeCheckRowsKernel {
  using Args = SolveRowsArgs;
  struct Shared {
    Picks picks;
  };
  static constexpr int tier = 3;
  static constexpr int capacity = tier_capacity(3);
  static constexpr int list = SolveRow<true>::list(tier);
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "large_check_rows_kernel";

  static SPLICE_KERNEL std::int64_t present(const Args& args) { return args.screen.waiting_count[list]; }

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
    SolveRow<true>::run(group, waiting_row(args.rows, args.screen, list, place), args, tier, matrix, m, capacity, shared.picks);
  }
};

}  // namespace splice_cuda::cuda
