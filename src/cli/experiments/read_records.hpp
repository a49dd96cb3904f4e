#pragma once

/// @file read_records.hpp
/// Tables of records on disk.

#include <filesystem>

#include "splice_cuda/record_table.hpp"

namespace splice_cuda::cli {

/// A .csv or .tsv with a header, a record a line (.gz too).
/// @throws FileError for lines of another number of fields (named, with what was expected), text that is not UTF-8, columns twice
RecordTable read_records(const std::filesystem::path& path);

}  // namespace splice_cuda::cli
