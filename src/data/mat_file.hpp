#pragma once

/// @file mat_file.hpp
/// MATLAB's .mat files, version 5, that devkits of datasets come with.

#include <filesystem>
#include <string>
#include <vector>

#include "splice_cuda/dataset.hpp"

namespace splice_cuda::data {

/// A struct array, an element a record, of the fields that are asked for; or a cell array of texts, as one column that is called as the variable.
/// Python reads the file with scipy, in a process of its own: a damaged file, or one that claims to be huge, ends that process alone.
/// @param fields  empty: a cell array
/// @throws FileError where there is no such variable or field, a Python without scipy, values that are no text or number
RecordTable read_mat(const std::filesystem::path& path, const std::string& variable, const std::vector<std::string>& fields,
                     const RecordFileOptions& options);

}  // namespace splice_cuda::data
