#include "cli/unit_row_mean.hpp"

#include <cstddef>

#include "concepts/unit_rows.hpp"

namespace splice_cuda::cli {

void UnitRowMean::add(MatrixView<const float> rows) {
  std::vector<double> unit;
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    unit.assign(rows.row(i), rows.row(i) + rows.cols);
    if (!normalize_row(unit)) {
      ++left_out_;
      continue;
    }
    for (std::size_t k = 0; k < sum_.size(); ++k) sum_[k] += unit[k];
    ++counted_;
  }
}

std::vector<float> UnitRowMean::mean() const {
  std::vector<float> mean;
  for (const double value : sum_) mean.push_back(counted_ > 0 ? static_cast<float>(value / static_cast<double>(counted_)) : 0.0f);
  return mean;
}

}  // namespace splice_cuda::cli
