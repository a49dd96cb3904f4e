#pragma once

/// @file spurious_table.hpp
/// Concepts that go with a class without being akin to it.

#include <cstdint>
#include <optional>
#include <string>

#include "cli/experiments/result_document.hpp"
#include "splice_cuda/code_statistics.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda::cli {

/// Adds the table "spurious", the `top` most suspicious pairs of a concept and a class, and its chart. @returns a sentence
std::string add_spurious(const CodeStatistics& statistics, const RowGroups& classes, const ConceptSpace& space,
                         std::optional<double> synonym_cosine, std::int64_t top, ResultDocument& document);

}  // namespace splice_cuda::cli
