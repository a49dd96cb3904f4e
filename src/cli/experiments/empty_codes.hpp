#pragma once

/// @file empty_codes.hpp
/// A penalty that leaves no row a single concept, and the one that would do.

#include <cstdint>
#include <string>
#include <vector>

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
  void keep(const float* row, std::int64_t dim);

  bool all_empty_ = true;
  std::int64_t seen_ = 0;    ///< rows with an embedding
  std::int64_t stride_ = 1;  ///< each how many of them is kept
  std::int64_t dim_ = 0;
  std::vector<float> rows_;
};

}  // namespace splice_cuda::cli
