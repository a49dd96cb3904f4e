#pragma once

/// @file dictionary_learning.hpp
/// Rows to learn from, and names for what was learned.

#include <cstdint>
#include <string>
#include <vector>

#include "io/embedding_source.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// Rows of `source` (all, or those of `only`, ascending) prepared with the space's image mean. Refers to all three; a Ctrl-C ends a read.
RowReader prepared_rows(const io::EmbeddingSource& source, const ConceptSpace& space, const std::vector<std::int64_t>* only = nullptr);

/// "learned 0", "learned 1", ...
std::vector<std::string> numbered_names(const std::string& stem, std::int64_t count);

/// For each atom the name of the concept of `named` with the largest cosine, "NAME (2)", ... for further ones; "learned J" where all
/// cosines are negative or 0. Atoms of both have length 1.
std::vector<std::string> nearest_concept_names(const Context& context, const ConceptSpace& named, MatrixView<const float> atoms);

}  // namespace splice_cuda::cli
