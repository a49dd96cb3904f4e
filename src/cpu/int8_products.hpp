#pragma once

/// @file int8_products.hpp
/// Products of the dictionary's int8 copies c^_j = scale_j rows8_j: exact but for the final scaling in float32. A row
/// takes a quarter of the memory traffic of a float32 one.

#include <cstdint>

#include "cpu/cpu_dictionary.hpp"
#include "cpu/gram_scratch.hpp"
#include "cpu/quantize.hpp"

namespace splice_cuda::cpu {

/// out[i] = weights[atoms[i]] / scale_atoms[i] * <c^_atoms[i], v^>.
/// @param weights  by atom: the dictionary's scales, or those over a_j
/// @param q  [ld] int8, and `quantized` what quantize_row said of it
void dot_atoms_int8(const CpuDictionary& dictionary, const float* weights, const std::int32_t* atoms,
                    std::int64_t count, const std::int8_t* q, const QuantizedRow& quantized, float* out);

/// Gram matrix of the copies of atoms [first, count) with those of atoms [0, count) of a list.
/// @param gram  [count - first, ld_gram]: gram[i, k] = <c^_atoms[first + i], c^_atoms[k]> for k in [0, count)
void gram_int8(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t first, std::int64_t count,
               float* gram, std::int64_t ld_gram, GramScratch& scratch);

/// r = z - sum_i weights[i] c^_atoms[i], in float32.
void residual_int8(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const float* weights,
                   std::int64_t count, float* r);

}  // namespace splice_cuda::cpu
