#pragma once

/// @file recompose.hpp
/// Codes back to embeddings.

#include <cstdint>

#include "cpu/cpu_dictionary.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cpu {

/// reconstruction[i, :] = sum_j w_ij c_j for rows first + i, i < count; summed in fp64, atoms ascending.
void recompose_rows(const CpuDictionary& dictionary, const SparseCodes& codes, std::int64_t first,
                    std::int64_t count, MatrixView<float> reconstruction);

}  // namespace splice_cuda::cpu
