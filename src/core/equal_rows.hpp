#pragma once

/// @file equal_rows.hpp
/// Rows that are equal element by element.

#include <cstdint>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// For each row the index of the first row that equals it (its own where there is none); -0 equals 0. Rows
/// have no NaN.
std::vector<std::int32_t> first_equal_rows(const TypedMatrixView& matrix);

/// The same, where hashes of the rows are known: equal rows have equal ones.
std::vector<std::int32_t> first_equal_rows(const TypedMatrixView& matrix,
                                           const std::vector<std::uint64_t>& hashes);

}  // namespace splice_cuda
