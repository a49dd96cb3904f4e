#include "cli/unit_row_mean.hpp"

#include <cmath>
#include <cstddef>

namespace splice_cuda::cli {

void UnitRowMean::add(MatrixView<const float> rows) {
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    double square = 0;
    for (std::int64_t k = 0; k < rows.cols; ++k) {
      const auto value = static_cast<double>(rows.row(i)[k]);
      square += value * value;
    }
    const double length = std::sqrt(square);
    if (!(length > 0) || !std::isfinite(length)) {
      ++left_out_;
      continue;
    }
    for (std::size_t k = 0; k < sum_.size(); ++k) sum_[k] += static_cast<double>(rows.row(i)[k]) / length;
    ++counted_;
  }
}

std::vector<float> UnitRowMean::mean() const {
  std::vector<float> mean;
  for (const double value : sum_) mean.push_back(counted_ > 0 ? static_cast<float>(value / static_cast<double>(counted_)) : 0.0f);
  return mean;
}

}  // namespace splice_cuda::cli
