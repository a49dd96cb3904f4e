#pragma once

/// @file row_outcome.hpp
/// What a row waits for after a round, and for which solver within one.

#include <cstdint>

#include "kernels/screen_view.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

inline constexpr int most_misses = 6;  ///< rounds without a certificate

SPLICE_KERNEL bool out_of_rounds(const ProblemView& problem, const RowsView& rows, std::int64_t row) {
  return rows.rounds[row] >= problem.max_rounds;
}

/// Another round, as `wanted`, unless the row's budget or its patience is spent. By one lane.
SPLICE_KERNEL RowPhase phase_after_miss(const ProblemView& problem, const RowsView& rows, std::int64_t row, RowPhase wanted) {
  const std::int32_t misses = rows.misses[row]++;
  if (out_of_rounds(problem, rows, row)) return RowPhase::claims_exactly;
  return misses >= most_misses ? RowPhase::exact : wanted;
}

/// By one lane: what row and which list it is has been written.
/// @param list  guess_list(), solve_list() or check_list()
template <class Group>
SPLICE_KERNEL void wait_for(const RowsView& rows, const ScreenView& screen, std::int32_t row, int list) {
  const std::int32_t place = Group::count_up(screen.waiting_count + list);
  screen.waiting[list * rows.count + place] = row;
}

SPLICE_KERNEL std::int32_t waiting_row(const RowsView& rows, const ScreenView& screen, int list, std::int64_t place) {
  return screen.waiting[list * rows.count + place];
}

}  // namespace splice_cuda::cuda
