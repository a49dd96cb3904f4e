#pragma once

/// @file walked_rows.hpp
/// Rows of a walk under several conditions: what is compared with what, and what could not be.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/result_document.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

inline std::span<const float> row_of(MatrixView<const float> rows, std::int64_t i) { return {rows.row(i), static_cast<std::size_t>(rows.cols)}; }

/// Whether a row is neither zero nor holds NaN or infinity: only then it has a direction that could be classified.
bool has_direction(std::span<const float> row);

/// Codes back to embeddings, as `splice recompose` does it: with --raw C'w alone. The rows stay until the next call.
class Recomposer {
 public:
  Recomposer(const ConceptSpace& space, bool raw) : space_(space), raw_(raw) {}

  MatrixView<const float> rows(const Context& context, const SparseCodes& codes);

 private:
  const ConceptSpace& space_;
  bool raw_;
  std::vector<float> buffer_;
};

/// l0, cosine with the embedding, and rows without direction, of one condition.
class CodeQuality {
 public:
  /// @param recomposed  [n, d], of the same rows
  void add(MatrixView<const float> raw, const SparseCodes& codes, MatrixView<const float> recomposed);

  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t without_direction() const noexcept { return without_direction_; }
  double mean_l0() const;      ///< over rows with a direction; NaN for none
  double mean_cosine() const;  ///< likewise; of a recomposition that is zero, 0

 private:
  std::int64_t rows_ = 0;
  std::int64_t without_direction_ = 0;
  std::int64_t entries_ = 0;
  double cosines_ = 0;
};

/// "codes": l0 and cosine by condition; one row a condition.
ResultTable quality_table(const std::vector<std::pair<std::string, const CodeQuality*>>& conditions);

/// "rows": how many rows had a part, and how many had none, and why. Lines of 0 are left out, but the first.
ResultTable row_count_table(const std::vector<std::pair<std::string, std::int64_t>>& lines);

}  // namespace splice_cuda::cli
