#pragma once

/// @file screen_view.hpp
/// What a screening is told of a tile's rows, and what it finds.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Rows that take part stand at places 0, 1, ... of what the products read; per-row arrays are by row of the tile.
struct ScreenView {
  std::int32_t* active = nullptr;        ///< [places] rows that take part, ascending ...
  std::int32_t* active_count = nullptr;  ///< [1] ... and how many
  /// Of them, those that wait for each of the solvers (solve_tiers.hpp), in no order. Filled while a round is picked and solved.
  std::int32_t* waiting_count = nullptr;  ///< [waiting_lists]
  std::int32_t* waiting = nullptr;        ///< [waiting_lists, rows]
  /// What joins the working set, by what the list says.
  std::int32_t* pick_count = nullptr;  ///< [rows]
  std::int32_t* pick_atoms = nullptr;  ///< [rows, most_picks]
  float* pick_values = nullptr;        ///< [rows, most_picks] their c_j.r^ / a_j
  std::int8_t* q = nullptr;              ///< [places, ld] r^ = scale q
  std::int32_t* place = nullptr;         ///< [rows]
  float* scale = nullptr;                ///< [rows]
  float* norm = nullptr;                 ///< [rows] |r^|, rounded upwards
  float* threshold = nullptr;            ///< [rows] what is above it is listed; not negative
  float* unlisted_bound = nullptr;       ///< [rows] c_j.r^ / a_j <= this for every atom that is not listed
  std::int32_t* margin_level = nullptr;  ///< [rows] see movement_at
  /// Found: atoms ascending with c_j.r^ / a_j.
  std::int64_t list_capacity = 0;
  std::int32_t* list_count = nullptr;  ///< [rows] of what passed, also where it is more than there is room for
  std::int32_t* list_atoms = nullptr;  ///< [rows, list_capacity]
  float* list_values = nullptr;        ///< [rows, list_capacity]
};

/// An entry of a row's list, and what its value may err by.
struct ListEntry {
  std::int32_t atom;
  float value;  ///< c_j.r^ / a_j
  float error;  ///< ProblemView::screen_error
};

/// @param atoms, values  [list_capacity] the row's part of the lists
/// @param errors         [p] ProblemView::screen_error
template <class Atoms, class Values>
SPLICE_KERNEL ListEntry list_entry(const Atoms& atoms, const Values& values, const float* errors, int i) {
  const std::int32_t atom = atoms[i];
  return {atom, values[i], errors[atom]};
}

}  // namespace splice_cuda::cuda
