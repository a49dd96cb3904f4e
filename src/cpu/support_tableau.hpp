#pragma once

/// @file support_tableau.hpp
/// A row's problem restricted to given atoms, in fp64.

#include <cstdint>
#include <span>

#include "cpu/cpu_dictionary.hpp"
#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// The unsolved tableau (x = 0) of  min over x >= 0 of 1/2 |z - sum_i x_i factor_i c_i|^2 + lambda sum_i x_i.
Tableau<double> support_tableau(const CpuDictionary& dictionary, const float* z,
                                std::span<const std::int32_t> atoms, std::span<const double> factors,
                                double lambda);

/// Pivots below this share of the Gram diagonal are rounding: fp64 Gram entries err by 1e-15.
inline constexpr double support_pivot_floor = 1e-11;

}  // namespace splice_cuda::cpu
