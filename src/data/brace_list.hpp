#pragma once

/// @file brace_list.hpp
/// "train-{000..041}.tar" and "{a,b}.tar", as WebDataset names its shards.

#include <string>
#include <vector>

namespace splice_cuda::data {

/// Ranges of whole numbers keep the zeros that they begin with; several braces give all pairs, the last one running fastest. Braces do not nest.
/// @throws ArgumentError for a brace that is not closed, a range that falls, more than 100000 names
std::vector<std::string> expand_braces(const std::string& pattern);

}  // namespace splice_cuda::data
