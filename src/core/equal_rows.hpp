#pragma once

/// @file equal_rows.hpp
/// Rows that are equal bit by bit.

#include <cstdint>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// For each row the index of the first row that equals it (its own where there is none). Linear in the
/// number of elements (hashing, then comparing).
std::vector<std::int32_t> first_equal_rows(MatrixView<const float> matrix);

}  // namespace splice_cuda
