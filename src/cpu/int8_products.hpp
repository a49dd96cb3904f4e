#pragma once

/// @file int8_products.hpp
/// Products of the dictionary's int8 copies c^_j = scale_j rows8_j: exact but for the final scaling in float32. A row
/// takes a quarter of the memory traffic of a float32 one.

#include <cstdint>
#include <vector>

#include "cpu/aligned.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/quantize.hpp"

namespace splice_cuda::cpu {

/// out[i] = weights[atoms[i]] / scale_atoms[i] * <c^_atoms[i], v^>.
/// @param weights  by atom: the dictionary's scales, or those over a_j
/// @param q  [ld] int8, and `quantized` what quantize_row said of it
void dot_atoms_int8(const CpuDictionary& dictionary, const float* weights, const std::int32_t* atoms,
                    std::int64_t count, const std::int8_t* q, const QuantizedRow& quantized, float* out);

/// Where kernels that want a list's rows side by side find them. Rows that it has from the call before stay: working sets
/// grow at their end.
class GramScratch {
 public:
  /// Rows of the atoms [round_up(count, multiple) + multiple, ld], anything past `count`, and their scales likewise.
  const std::int8_t* bring(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                           std::int64_t multiple);
  const float* scales() const { return scales_.get(); }
  std::int8_t* interleaved() const { return interleaved_.get(); }  ///< [multiple, ld]
  std::int32_t* sums() const { return sums_.get(); }               ///< [4 multiple, multiple]

 private:
  std::int64_t capacity_ = 0;
  std::vector<std::int32_t> atoms_;  ///< whose rows are here
  AlignedArray<std::int8_t> rows_;
  AlignedArray<float> scales_;
  AlignedArray<std::int8_t> interleaved_;
  AlignedArray<std::int32_t> sums_;
};

/// Gram matrix of the copies of atoms [first, count) with those of atoms [0, count) of a list.
/// @param gram  [count - first, ld_gram]: gram[i, k] = <c^_atoms[first + i], c^_atoms[k]> for k in [0, count)
void gram_int8(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t first, std::int64_t count,
               float* gram, std::int64_t ld_gram, GramScratch& scratch);

/// r = z - sum_i weights[i] c^_atoms[i], in float32.
void residual_int8(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const float* weights,
                   std::int64_t count, float* r);

}  // namespace splice_cuda::cpu
