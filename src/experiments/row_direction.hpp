#pragma once

/// @file row_direction.hpp
/// Which rows an experiment can measure.

#include "splice_cuda/codes.hpp"

namespace splice_cuda {

/// Whether the row given had a direction: finite, and not zero. Its codes may be empty all the same.
inline bool has_direction(RowStatus status) { return status != RowStatus::non_finite_input && status != RowStatus::zero_embedding; }

}  // namespace splice_cuda
