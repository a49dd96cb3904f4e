#pragma once

/// @file learning_batch.hpp
/// A mini-batch with its codes, and the atoms' update by it.

#include <cstdint>
#include <span>
#include <vector>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// Residuals and codes by atom. Codes are fixed; residuals follow the atoms.
class LearningBatch {
 public:
  /// @param rows   [n, d]; rows without an entry in the codes have no part in updates
  /// @param codes  [n, p] of these rows on these atoms
  /// @param atoms  [p, d]
  LearningBatch(MatrixView<const float> rows, const SparseCodes& codes, MatrixView<const double> atoms);

  /// Sum of the squared weights of each atom: the diagonal of A. [p]
  const std::vector<double>& curvature() const noexcept { return curvature_; }
  std::int64_t uses(std::int64_t atom) const {
    return atom_offsets_[static_cast<std::size_t>(atom) + 1] - atom_offsets_[static_cast<std::size_t>(atom)];
  }

  /// Each atom that is used, in ascending order, becomes the minimiser over the unit sphere of
  ///   1/2 sum over rows of |z - C'w|^2  +  1/2 history[j] |c_j - previous_j|^2
  /// with the others fixed: (curvature c_j + sum of w r + history previous_j), normalised. Never increases the sum of both.
  void update(MatrixView<double> atoms, MatrixView<const float> previous, std::span<const double> history);

  /// |z - C'w|^2 at the present atoms. [n]
  std::vector<double> squared_residuals() const;

 private:
  std::span<double> residual(std::int64_t row) {
    return {residuals_.data() + static_cast<std::size_t>(row * dim_), static_cast<std::size_t>(dim_)};
  }

  std::int64_t rows_;
  std::int64_t dim_;
  std::vector<double> residuals_;           ///< [n, d]
  std::vector<std::int64_t> atom_offsets_;  ///< [p + 1]: entries of each atom
  std::vector<std::int32_t> entry_rows_;
  std::vector<double> entry_weights_;
  std::vector<double> curvature_;
};

}  // namespace splice_cuda
