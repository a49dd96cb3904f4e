#pragma once

/// @file unit_rows.hpp
/// normalise -> centre -> normalise, in fp64.

#include <cstdint>
#include <span>
#include <vector>

namespace splice_cuda {

/// Scales to unit length. @returns false (and leaves the row alone) when its length is 0 or not finite
bool normalize_row(std::span<double> row);

/// z = normalise(normalise(e) - mean) (arXiv 2402.10376, section 4); an empty mean leaves the second half out. @returns
/// false for rows that have no direction: zero and non-finite ones, left alone, and those equal to the mean, now zero
bool prepare_row(std::span<double> row, std::span<const float> mean);

}  // namespace splice_cuda
