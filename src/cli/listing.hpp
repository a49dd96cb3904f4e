#pragma once

/// @file listing.hpp
/// Rows of a result as text and as JSON.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// "row 3  motorcycle 0.301, street 0.112  (l0 12, cosine 0.831)"
/// @param top  most concepts shown
std::string row_line(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top);

/// {"row", "status", "gap", "kkt_violation", "l0", "cosine", "concepts": [{"concept", "atom", "weight"}]}
nlohmann::ordered_json row_json(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top);

/// A bar for each of the `top` concepts of a row, `width` columns wide in all.
std::string row_chart(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top, int width);

}  // namespace splice_cuda::cli
