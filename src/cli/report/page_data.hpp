#pragma once

/// @file page_data.hpp
/// What a page's script works on: tables, charts and pictures as JSON inside a `<script>` element.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/experiments/result_document.hpp"

namespace splice_cuda::cli {

/// A document and the file that it was read from (empty: made here).
struct PageDocument {
  ResultDocument document;
  std::filesystem::path path;
};

struct PageLimits {
  std::int64_t pictures = 200;      ///< most that are embedded, over all tables
  std::int64_t table_rows = 10000;  ///< most of each table
};

struct PageData {
  /// {"documents": [{"tables": [{"key", "title", "columns", "rows", "total"}], "charts": [...]}], "pictures": {path: {"uri"} | {"missing"}}}, without
  /// "<": no string of it can end the element or begin another.
  std::string json;
  std::int64_t pictures = 0;  ///< embedded
  std::int64_t missing = 0;   ///< that can't be read: the page tells why
};

/// Where pictures of the tables may lie: each path as it stands, and from its document's folder.
std::vector<std::filesystem::path> picture_places(const std::vector<PageDocument>& documents);

/// A picture's path is taken as it stands, else from its document's folder. @throws CancelledError
PageData page_data(const std::vector<PageDocument>& documents, const PageLimits& limits);

}  // namespace splice_cuda::cli
