#pragma once

/// @file row_names.hpp
/// Rows by what they are called.

#include <cstdint>
#include <string>
#include <vector>

#include "io/npz.hpp"

namespace splice_cuda::cli {

/// A whole number is a row from 0; anything else a row's name: all of it, else the file's name without its folders.
/// @param codes  what messages call the file
/// @throws ArgumentError where no row, or more than one, has that name
std::int64_t find_row(const io::CodesFile& file, const std::string& wanted, const std::string& codes);

/// The same among `rows` rows whose names, one a row or none, lie in `names`.
/// @param option  what messages call what was `wanted`
/// @param file    what they call what has the rows
std::int64_t find_named_row(std::int64_t rows, const std::vector<std::string>& names, const std::string& option, const std::string& wanted,
                            const std::string& file);

}  // namespace splice_cuda::cli
