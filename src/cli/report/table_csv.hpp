#pragma once

/// @file table_csv.hpp
/// Tables of results for spreadsheets.

#include <string>

#include "cli/experiments/result_document.hpp"

namespace splice_cuda::cli {

/// RFC 4180 with "\n": a line of column keys, then a line a row; fields with commas, quotes or line breaks are quoted, null is an empty
/// field, numbers have the fewest digits that read back the same.
std::string csv_text(const ResultTable& table);

}  // namespace splice_cuda::cli
