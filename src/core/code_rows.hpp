#pragma once

/// @file code_rows.hpp
/// Rows of sparse codes, cut out and put together.

#include <cstdint>

#include "splice_cuda/codes.hpp"

namespace splice_cuda {

/// Rows [first, first + count) as codes of their own.
SparseCodes slice_rows(const SparseCodes& codes, std::int64_t first, std::int64_t count);

/// Appends the rows of `block` (of the same number of columns) to `codes`.
void append_rows(SparseCodes& codes, const SparseCodes& block);

}  // namespace splice_cuda
