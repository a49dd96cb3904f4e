#pragma once

/// @file refit.hpp
/// Least squares on a row's support: takes back the shrinkage that the penalty causes.

#include <cstdint>
#include <vector>

#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// Replaces `weights` by the minimiser of |z - sum_i w_i c_atoms[i]|^2, w >= 0 if `nonnegative`, in fp64. Atoms whose
/// weight becomes 0 leave both lists.
void refit_row(const CpuDictionary& dictionary, const float* z, bool nonnegative,
               std::vector<std::int32_t>& atoms, std::vector<float>& weights);

}  // namespace splice_cuda::cpu
