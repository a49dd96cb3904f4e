#pragma once

/// @file problem.hpp
/// What the benchmarks solve: unit atoms and unit embeddings.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::bench {

struct BenchProblem {
  std::string name;  ///< "text15k" or "synthetic"
  std::int64_t dim = 0;
  std::vector<float> atoms;       ///< [p, d], unit rows
  std::vector<float> embeddings;  ///< [n, d], unit rows

  std::int64_t atom_count() const { return static_cast<std::int64_t>(atoms.size()) / dim; }
  std::int64_t rows() const { return static_cast<std::int64_t>(embeddings.size()) / dim; }
  MatrixView<const float> atoms_view() const { return {atoms.data(), atom_count(), dim}; }
  /// Rows [first, first + count).
  MatrixView<const float> embeddings_view(std::int64_t first, std::int64_t count) const {
    return {embeddings.data() + first * dim, count, dim};
  }
};

/// Sentence vectors of 15,000 concepts and 4,096 descriptions (d = 384), centred as ConceptSpace does it;
/// more rows repeat the 4,096. Null where the files are absent.
std::shared_ptr<const BenchProblem> load_text15k(std::int64_t rows);

/// load_text15k, or a synthetic problem of its size where the files are absent.
std::shared_ptr<const BenchProblem> default_problem(std::int64_t rows);

}  // namespace splice_cuda::bench
