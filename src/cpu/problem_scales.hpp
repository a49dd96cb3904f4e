#pragma once

/// @file problem_scales.hpp
/// A problem's weights as the screening kernels want them.

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// Weighted atoms c_j / a_j of one problem: everything is solved for these, with the plain penalty lambda, and
/// x_j = a_j w_j. Banned atoms, and all but one of equal atoms, become zero atoms.
struct ProblemScales {
  AlignedArray<float> screen_weights;  ///< [panels * panel_atoms] int8 scale / a_j
  float atom_error = 0;                ///< max_j |c_j - c^_j| / a_j over the atoms in use
  float atom_norm = 0;                 ///< max_j |c_j| / a_j
};

ProblemScales make_problem_scales(const CpuDictionary& dictionary, const Problem& problem);

}  // namespace splice_cuda::cpu
