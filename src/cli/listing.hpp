#pragma once

/// @file listing.hpp
/// Rows of a result as text and as JSON.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// "row 3", or the row's name where the file has names.
std::string row_title(const io::CodesFile& file, std::int64_t row);

/// "row 3  motorcycle 0.301, street 0.112  (l0 12, cosine 0.831)"
/// @param top  most concepts shown
std::string row_line(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top);

/// {"row", "name" (where there are names), "status", "gap", "kkt_violation", "l0", "cosine", "concepts": [{"concept", "atom", "weight"}]}
nlohmann::ordered_json row_json(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top);

/// One weight of a row.
struct CodeEntry {
  std::int32_t atom = 0;
  float weight = 0;
};
/// The `top` entries of a row by falling absolute weight (ties: lower atom first).
std::vector<CodeEntry> top_entries(const SparseCodes& codes, std::int64_t row, std::int64_t top);
/// "snow 0.31, dog 0.2": these entries, with the names as they are; empty for an empty code.
std::string entries_text(const ConceptSpace& space, const SparseCodes& codes, std::int64_t row, std::int64_t top);

/// JSON as text; names that are not UTF-8, as paths may be, have U+FFFD in place of what is wrong.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// A bar for each of the `top` concepts of a row, `width` columns wide in all.
std::string row_chart(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top, int width);

}  // namespace splice_cuda::cli
