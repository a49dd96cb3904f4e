#pragma once

/// @file problem_scales.hpp
/// A problem's weights as the screening kernels want them.

#include <cstdint>
#include <span>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/screen.hpp"

namespace splice_cuda::cpu {

/// Weighted atoms c_j / a_j of one problem: everything is solved for these, with the plain penalty lambda, and
/// x_j = a_j w_j. Banned atoms, and all but one of equal atoms, become zero atoms.
struct ProblemScales {
  AlignedArray<float> screen_weights;  ///< [panels * panel_atoms] int8 scale / a_j
  /// [panels * panel_atoms] upper bound of |c_j - c^_j| / a_j and of the rounding of the float32 epilogue, per unit of
  /// |r^|: |c_j.r^ / a_j - value| <= screen_error[j] |r^|
  AlignedArray<float> screen_error;
  float atom_norm = 0;                 ///< max_j |c_j| / a_j
  AtomScales atom_scales() const { return {screen_weights.get(), screen_error.get()}; }
};

/// Of a dictionary's atoms, [p] each: see CpuDictionary.
struct AtomFigures {
  std::span<const float> scale;
  std::span<const float> error;
  std::span<const float> norm;
  std::int64_t padded_size = 0;
};

ProblemScales make_problem_scales(const AtomFigures& figures, const Problem& problem);
ProblemScales make_problem_scales(const CpuDictionary& dictionary, const Problem& problem);

}  // namespace splice_cuda::cpu
