#pragma once

/// @file curve_conditions.hpp
/// What a curve of sparsity is compared with: other dictionaries of the same size, and the method with a part left out.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// One word of --baseline.
struct Baseline {
  std::string kind;  ///< dense, signed, uncentered, random, random-spectrum or learned
  std::string file;  ///< dictionary of KIND=FILE; empty: made on the spot
};
/// --baseline: words with commas between them, repeatable. @throws ArgumentError for a word that is none, twice one, or a file where none fits
CLI::Option* add_baselines(CLI::App& verb, std::vector<Baseline>& baselines);
bool has_baseline(const std::vector<Baseline>& baselines, const std::string& kind);
/// Files that are read.
std::vector<std::filesystem::path> baseline_files(const std::vector<Baseline>& baselines);

/// A dictionary and how it is used.
struct CurveCondition {
  std::string name;
  std::string description;
  ConceptSpace space;
  bool nonnegative = true;
};
/// "splice" and the baselines but for dense ones, in their order.
/// @param own_means  dictionaries of files keep the image mean they hold; otherwise all take that of `space`
/// @param learned    what was learned for a baseline "learned" without a file; may be null where there is none such
/// @throws FileError, ArgumentError for a dictionary of other length
std::vector<CurveCondition> curve_conditions(const std::vector<Baseline>& baselines, const ConceptSpace& space, bool own_means, std::uint64_t seed,
                                             const ConceptSpace* learned);

}  // namespace splice_cuda::cli
