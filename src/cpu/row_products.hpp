#pragma once

/// @file row_products.hpp
/// Products of one row with a list of atoms. Vectors are [ld] with zero padding; lists may be of any length.
/// The order of summation is fixed by ld alone.

#include <cstdint>

#include "cpu/cpu_dictionary.hpp"
#include "cpu/quantize.hpp"

namespace splice_cuda::cpu {

/// Asks for rows that will be needed soon, all at once: one after the other, each would be waited for.
void prefetch_atoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count);

/// out[i] = <c_atoms[i], v>, in float32.
void dot_atoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
               const float* v, float* out);

/// The same with two vectors at once, which costs less than one after the other.
void dot_atoms_twice(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                     const float* v0, const float* v1, float* out0, float* out1);

/// The same with v in fp64 and fp64 accumulation: for certificates.
void dot_atoms_f64(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                   const double* v, double* out);

/// r = z - sum_i weights[i] c_atoms[i], in float32.
void residual(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
              const float* weights, std::int64_t count, float* r);

/// The same in fp64.
void residual_f64(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
                  const double* weights, std::int64_t count, double* r);

/// |v - r^|: how far the residual moved from the quantised one.
double distance_to_quantized(const double* v, const QuantizedPoint& point, std::int64_t size);
float distance_to_quantized(const float* v, const QuantizedPoint& point, std::int64_t size);

}  // namespace splice_cuda::cpu
