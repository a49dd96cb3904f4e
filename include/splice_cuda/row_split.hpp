#pragma once

/// @file row_split.hpp
/// Rows to learn from and rows to be asked about.

#include <cstdint>
#include <string_view>
#include <vector>

#include "splice_cuda/record_table.hpp"

namespace splice_cuda {

enum class RowUse : std::uint8_t { none, train, test };

/// A random share of each class for the test, the rest for training. round(share * rows of the class) rows are tested, halves up; a row
/// without a class has no use. The same for the same seed, on every machine.
/// @param share  in (0, 1)
/// @throws ArgumentError for another share
std::vector<RowUse> stratified_split(const RowGroups& classes, double share, std::uint64_t seed);

/// As a column of the records says: the groups of these names; rows of other groups have no use.
/// @throws ArgumentError for a group that is not there, and for train and test alike
std::vector<RowUse> named_split(const RowGroups& splits, std::string_view train, std::string_view test);

}  // namespace splice_cuda
