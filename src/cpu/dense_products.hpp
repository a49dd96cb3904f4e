#pragma once

/// @file dense_products.hpp
/// Products of a tile of rows with the whole dictionary in float32, for the solvers that work on all atoms. Each
/// element's order of summation is fixed by d (and p) alone, not by its place in the tile.

#include <cstdint>
#include <span>

#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// out[i][j] = <c_j, rows[i]> for all atoms j. rows[i] is [ld], out[i] is [size].
void correlate_rows(const CpuDictionary& dictionary, std::span<const float* const> rows,
                    std::span<float* const> out);

/// out[i] = sum_j q[i][j] c_j for dense q[i] ([size]); out[i] is [ld]. Sums run over blocks of atoms, so that
/// rounding grows with the number of blocks and not of atoms.
void combine_atoms(const CpuDictionary& dictionary, std::span<const float* const> q,
                   std::span<float* const> out);

}  // namespace splice_cuda::cpu
