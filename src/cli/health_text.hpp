#pragma once

/// @file health_text.hpp
/// What a dictionary is and how healthy it is, as text and JSON.

#include <nlohmann/json.hpp>
#include <string>

#include "splice_cuda/dictionary_health.hpp"

namespace splice_cuda::cli {

/// "171 concepts of 512 numbers"
std::string size_text(const ConceptSpace& space);
std::string space_text(const ConceptSpace& space);
std::string health_text(const ConceptSpace& space, const DictionaryHealth& health);
nlohmann::ordered_json space_json(const ConceptSpace& space, const DictionaryHealth& health);
/// Without what an examination finds.
nlohmann::ordered_json space_json(const ConceptSpace& space);

}  // namespace splice_cuda::cli
