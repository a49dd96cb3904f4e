#include "concepts/unit_rows.hpp"

#include <cmath>

namespace splice_cuda {

bool normalize_row(std::span<double> row) {
  double sum = 0;
  for (const double value : row) sum += value * value;
  const double length = std::sqrt(sum);
  if (!(length > 0) || !std::isfinite(length)) return false;
  for (double& value : row) value /= length;
  return true;
}

bool prepare_row(std::span<double> row, std::span<const float> mean) {
  if (!normalize_row(row)) return false;
  if (mean.empty()) return true;
  for (std::size_t k = 0; k < row.size(); ++k) row[k] -= static_cast<double>(mean[k]);
  return normalize_row(row);
}

}  // namespace splice_cuda
