#pragma once

/// @file solve_row_args.hpp
/// What kernels that guess or solve rows are told.

#include <cstdint>

#include "kernels/row_solver.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

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
};

}  // namespace splice_cuda::cuda
