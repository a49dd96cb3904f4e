#pragma once

/// @file code_documents.hpp
/// Stored codes and a dictionary's health as result documents, for pages to show like any other.

#include <string>
#include <unordered_map>

#include "cli/experiments/result_document.hpp"
#include "io/npz.hpp"
#include "splice_cuda/dictionary_health.hpp"

namespace splice_cuda::cli {

/// Share of rows, 0 to 1, in which a concept has a weight; concepts of no row have 0.
using ConceptShares = std::unordered_map<std::string, double>;
ConceptShares concept_shares(const ConceptSpace& space, const io::CodesFile& file);

/// Distributions of l0, cosine and gap over rows, concepts that many rows have, and those that none has. Rows without an embedding
/// (zero, NaN) are counted, and have no part in the distributions.
ResultDocument codes_document(const ConceptSpace& space, const io::CodesFile& file);

/// Nearest pairs, how near each atom's nearest neighbour is, and what counts as a fault.
/// @param shares  of rows, where codes are known: pairs that share out the rows between them show so
ResultDocument health_document(const ConceptSpace& space, const DictionaryHealth& health, const ConceptShares* shares);

}  // namespace splice_cuda::cli
