#pragma once

/// @file nearest_names.hpp
/// Names that someone who mistyped may have meant.

#include <string>
#include <string_view>
#include <vector>

namespace splice_cuda {

/// The `count` names of smallest edit distance (Levenshtein, over bytes), nearest first.
std::vector<std::string> nearest_names(const std::vector<std::string>& names, std::string_view wanted,
                                       std::size_t count);

}  // namespace splice_cuda
