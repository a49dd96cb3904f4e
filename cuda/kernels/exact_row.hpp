#pragma once

/// @file exact_row.hpp
/// The fallback of stage `solve`, and least squares afterwards: both in fp64, a block a row.

#include <cstdint>

#include "kernels/exact_solver.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Solves the rows that wait for it.
struct ExactRowKernel {
  using Args = ExactArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "exact_row_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.rows.phase[row] != RowPhase::exact) return;
    ExactSolver<Group>(group, args, row).solve();
  }
};

/// Puts the minimiser on a code's support in place of the code ("relax", arXiv 2110.07281).
struct RelaxKernel {
  struct Args {
    ExactArgs exact;
    const std::int32_t* wanted = nullptr;  ///< [rows] not 0: this row, if it is not finished
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "relax_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.exact.rows.phase[row] == RowPhase::finished) return;  // its flag may be undefined
    if (args.wanted[row] != 0) ExactSolver<Group>(group, args.exact, row).relax();
  }
};

/// Refits every row's code.
struct RefitKernel {
  using Args = ExactArgs;
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "refit_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.rows.code_count[row] > 0) ExactSolver<Group>(group, args, row).refit();
  }
};

}  // namespace splice_cuda::cuda
