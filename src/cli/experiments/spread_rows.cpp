#include "cli/experiments/spread_rows.hpp"

#include <algorithm>

#include "splice_cuda/suggest_penalty.hpp"

namespace splice_cuda::cli {

void SpreadRows::add(const float* row, std::int64_t dim) {
  dim_ = dim;
  if (seen_++ % stride_ != 0) return;
  rows_.insert(rows_.end(), row, row + dim);
  if (static_cast<std::int64_t>(rows_.size()) < 2 * suggestion_rows * dim) return;
  // Every other one goes, and from now on only every other one comes.
  stride_ *= 2;
  for (std::int64_t i = 1; i < suggestion_rows; ++i) {
    std::copy_n(rows_.begin() + 2 * i * dim, dim, rows_.begin() + i * dim);
  }
  rows_.resize(static_cast<std::size_t>(suggestion_rows * dim));
}

MatrixView<const float> SpreadRows::view() const noexcept { return {rows_.data(), static_cast<std::int64_t>(rows_.size()) / dim_, dim_}; }

}  // namespace splice_cuda::cli
