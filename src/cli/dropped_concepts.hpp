#pragma once

/// @file dropped_concepts.hpp
/// What a dictionary was built from, and what building it left out.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// A line a reason with at most 20 of the lines dropped, by number from 1 and name.
std::string dropped_text(const DroppedConcepts& dropped, const std::vector<std::string>& names);

/// {"concepts", "dim", "dtype", "dropped_lines": {reason: [line from 1]}}
nlohmann::ordered_json build_json(const ConceptSpace& space, const DroppedConcepts& dropped);

/// Keeps a file's name and SHA-256 as provenance `key` and `key`_sha256. @throws FileError
void remember_file(ConceptSpace& space, const std::string& key, const std::filesystem::path& path);

}  // namespace splice_cuda::cli
