#pragma once

/// @file empty_codes.hpp
/// A penalty that leaves no row a single concept, and the one that would do.

#include <string>

#include "cli/experiments/spread_rows.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// Watches a walk. As long as every code is empty it keeps a few hundred rows with an embedding, evenly spread over those that
/// went by; the first concept ends that.
class EmptyCodesWatch {
 public:
  void add(MatrixView<const float> raw, const DecomposeResult& result);

  /// Empty where a code has a concept, or no row has an embedding; else a sentence with the penalty that would leave about 10
  /// concepts a row.
  std::string sentence(const ConceptSpace& space, const Context& context, const DecomposeOptions& options, const PrepareOptions& prepare) const;

 private:
  bool all_empty_ = true;
  SpreadRows rows_;  ///< with an embedding
};

}  // namespace splice_cuda::cli
