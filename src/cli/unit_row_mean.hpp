#pragma once

/// @file unit_row_mean.hpp
/// Mean of embeddings, each scaled to length 1.

#include <cstdint>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cli {

/// Sums the finite, non-zero rows in fp64.
class UnitRowMean {
 public:
  explicit UnitRowMean(std::int64_t dim) : sum_(static_cast<std::size_t>(dim), 0.0) {}

  void add(MatrixView<const float> rows);
  /// Zeros if there was no row.
  std::vector<float> mean() const;
  std::int64_t counted() const noexcept { return counted_; }
  /// Rows of zeros, or with NaN or infinity.
  std::int64_t left_out() const noexcept { return left_out_; }

 private:
  std::vector<double> sum_;
  std::int64_t counted_ = 0;
  std::int64_t left_out_ = 0;
};

}  // namespace splice_cuda::cli
