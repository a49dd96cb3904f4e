#pragma once

/// @file read_result.hpp
/// Result documents back from disk, none of whose content is taken on trust.

#include <filesystem>

#include "cli/experiments/result_document.hpp"

namespace splice_cuda::cli {

/// Reads what `write_result` wrote. Every key, kind and length is checked: what comes back has unique keys, rows as long as their
/// columns, cells of their column's kind or null, and charts whose columns are there and can be drawn. Strings are any UTF-8.
/// @throws FileError that names the place ("tables[0].rows[3][1]"), what was found and what is expected; files of more than 64 MiB
ResultDocument read_result(const std::filesystem::path& path);

}  // namespace splice_cuda::cli
