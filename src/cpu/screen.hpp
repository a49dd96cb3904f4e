#pragma once

/// @file screen.hpp
/// Stage `screen`: int8 correlations of a tile of rows with all atoms, fused with a threshold test. Only
/// candidates leave the registers; the [rows, p] matrix never exists. Integer sums are exact, so that lists
/// do not depend on tile, neighbours or instruction set.

#include <cstdint>

#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// Rows that a kernel takes at once (AMX: two or four times as many): tiles of a multiple run best.
inline constexpr std::int64_t screen_group = 8;
inline constexpr std::int64_t widest_screen_group = 32;
/// Entries behind a list's capacity that the kernel may overwrite.
inline constexpr std::int64_t list_slack = panel_atoms;

/// Atoms of one row whose screened value passed. values[i] ~ c_j.r^ / a_j (with its sign).
struct CandidateList {
  std::int32_t* atoms = nullptr;  ///< [capacity + list_slack], ascending
  float* values = nullptr;        ///< [capacity + list_slack]
  std::int64_t count = 0;         ///< number that passed; those past `capacity` were not kept
  std::int64_t capacity = 0;
};

/// What the kernel multiplies integer sums by, and what an atom's int8 copy may hide. [panels * panel_atoms] each,
/// aligned; both 0 = never passes.
struct AtomScales {
  const float* weight = nullptr;  ///< scale / a_j
  const float* error = nullptr;   ///< |correlation with r^ - value| <= error |r^|
};

/// One row of a tile. Candidates have value + scaled_norm * scale * error > scaled_threshold * scale.
struct ScreenRow {
  const std::int8_t* q = nullptr;  ///< [ld] the quantised residual
  float scaled_threshold = 0;      ///< must be > 0
  float scaled_norm = 0;           ///< |r^| / scale, or 0: values are tested without their error
  float scale = 0;                 ///< of the quantised residual
  std::int32_t bias = 0;           ///< -128 * sum of the int8 entries: the panels are biased by 128
  CandidateList* list = nullptr;
};

/// int32 entries of scratch that `screen_tile` needs for `rows` rows.
constexpr std::int64_t screen_scratch_size(std::int64_t ld, std::int64_t rows) {
  return 2 * widest_screen_group * panel_atoms + ld / 2 * (panel_atoms + round_up(rows, widest_screen_group / 2));
}

/// @param rows     [count]
/// @param both_signs  test |value|
/// @param scratch  [screen_scratch_size(ld, count)], aligned
void screen_tile(const CpuDictionary& dictionary, const AtomScales& scales, bool both_signs, std::int64_t count,
                 const ScreenRow* rows, std::int32_t* scratch);

}  // namespace splice_cuda::cpu
