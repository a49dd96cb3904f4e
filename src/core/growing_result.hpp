#pragma once

/// @file growing_result.hpp
/// Memory of results that grow by a tile or a chunk at a time.

#include <cstdint>

#include "splice_cuda/codes.hpp"

namespace splice_cuda {

/// No row yet, with room for the offsets and reports of all.
DecomposeResult start_result(std::int64_t rows, std::int64_t cols);

/// Room for `entries`, those of the first `rows` of codes.rows. What the other rows will need is told from these and asked
/// for at once: to make room for each part alone copies all that came before it, and pays for new pages, each time.
/// @throws std::bad_alloc where not even `entries` have room
void reserve_entries(SparseCodes& codes, std::int64_t entries, std::int64_t rows);

}  // namespace splice_cuda
