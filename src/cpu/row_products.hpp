#pragma once

/// @file row_products.hpp
/// Products of one row with a list of atoms. Vectors are [ld] with zero padding; lists may be of any length.
/// The order of summation is fixed by ld alone.

#include <cstdint>

#include "cpu/cpu_dictionary.hpp"
#include "cpu/quantize.hpp"

namespace splice_cuda::cpu {

/// out[i] = <c_atoms[i], v>, in float32.
void dot_atoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
               const float* v, float* out);

/// The same with two vectors at once, which costs less than one after the other.
void dot_atoms_twice(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                     const float* v0, const float* v1, float* out0, float* out1);

/// The same with v in fp64 and fp64 accumulation: for certificates.
void dot_atoms_f64(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                   const double* v, double* out);

/// out[i] = weights[atoms[i]] / scale_atoms[i] * <c^_atoms[i], v^> of the int8 copies, exactly but for the final scaling.
/// @param weights  by atom: the dictionary's scales, or those over a_j
/// @param q  [ld] int8, and `quantized` what quantize_row said of it
void dot_atoms_int8(const CpuDictionary& dictionary, const float* weights, const std::int32_t* atoms,
                    std::int64_t count, const std::int8_t* q, const QuantizedRow& quantized, float* out);

/// r = z - sum_i weights[i] c_atoms[i], in float32.
void residual(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
              const float* weights, std::int64_t count, float* r);

/// The same in fp64.
void residual_f64(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
                  const double* weights, std::int64_t count, double* r);

/// |v - scale q|: how far the residual moved from the quantised one that was screened.
double distance_to_quantized(const double* v, const std::int8_t* q, float scale, std::int64_t size);
float distance_to_quantized(const float* v, const std::int8_t* q, float scale, std::int64_t size);

}  // namespace splice_cuda::cpu
