#pragma once

/// @file code_rows.hpp
/// Rows of sparse codes, cut out and put together.

#include <cstdint>
#include <vector>

#include "splice_cuda/codes.hpp"

namespace splice_cuda::cli {

/// Rows [first, first + count) as codes of their own.
SparseCodes slice_rows(const SparseCodes& codes, std::int64_t first, std::int64_t count);

/// Appends the rows of `block` (of the same number of columns) to `codes`.
void append_rows(SparseCodes& codes, const SparseCodes& block);

/// Entries of one row by falling absolute weight (ties: lower atom first).
struct CodeEntry {
  std::int32_t atom = 0;
  float weight = 0;
};
std::vector<CodeEntry> sorted_entries(const SparseCodes& codes, std::int64_t row);

}  // namespace splice_cuda::cli
