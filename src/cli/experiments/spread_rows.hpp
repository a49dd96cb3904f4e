#pragma once

/// @file spread_rows.hpp
/// A sample of a walk whose length nobody knows.

#include <cstdint>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cli {

/// Keeps rows that are evenly spread over all that went by: each of up to 512, then every 2nd, 4th, ..., so that 256 to 511 are kept.
class SpreadRows {
 public:
  void add(const float* row, std::int64_t dim);
  std::int64_t seen() const noexcept { return seen_; }
  /// [count, dim]
  MatrixView<const float> view() const noexcept;

 private:
  std::int64_t seen_ = 0;
  std::int64_t stride_ = 1;
  std::int64_t dim_ = 1;
  std::vector<float> rows_;
};

}  // namespace splice_cuda::cli
