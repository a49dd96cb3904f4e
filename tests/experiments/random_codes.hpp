#pragma once

/// @file random_codes.hpp
/// Sparse codes for tests, and what is seen in them when they are dense.

#include <cstdint>
#include <random>
#include <vector>

#include "core/code_rows.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda {

/// Each weight is there with probability `density`.
inline SparseCodes random_codes(std::int64_t rows, std::int64_t cols, double density, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  SparseCodes codes;
  codes.rows = rows;
  codes.cols = cols;
  codes.row_offsets = {0};
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int32_t atom = 0; atom < cols; ++atom) {
      if (uniform(random) >= density) continue;
      codes.atom_indices.push_back(atom);
      codes.values.push_back(static_cast<float>(0.01 + uniform(random)));
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

inline double weight_at(const SparseCodes& codes, std::int64_t row, std::int32_t atom) {
  for (std::int64_t i = 0; i < codes.l0(row); ++i) {
    if (codes.row_atoms(row)[static_cast<std::size_t>(i)] == atom) return static_cast<double>(codes.row_values(row)[static_cast<std::size_t>(i)]);
  }
  return 0;
}

}  // namespace splice_cuda
