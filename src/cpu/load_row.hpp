#pragma once

/// @file load_row.hpp
/// Stage `prepare`: one embedding as float32, scaled by a power of two.

#include <cstdint>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cpu {

enum class RowKind : std::uint8_t { regular, zero, non_finite };

struct LoadedRow {
  RowKind kind = RowKind::regular;
  int exponent = 0;     ///< z = embedding * 2^exponent, exactly
  double z_dot_z = 0;   ///< of the scaled row
};

/// Converts row `row` to z [ld], 1 <= |z| < 2, zero behind the view's columns. z is all zero where the row is
/// zero or not finite.
LoadedRow load_row(const EmbeddingsView& embeddings, std::int64_t row, float* z, std::int64_t ld);

}  // namespace splice_cuda::cpu
