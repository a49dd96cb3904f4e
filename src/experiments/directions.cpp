#include "experiments/directions.hpp"

#include <algorithm>
#include <cmath>

#include "concepts/unit_rows.hpp"
#include "core/validate.hpp"

namespace splice_cuda {

bool direction(std::span<const float> row, std::span<const float> mean, std::span<double> out) {
  std::copy(row.begin(), row.end(), out.begin());
  if (!normalize_row(out)) return false;
  if (mean.empty()) return true;
  for (std::size_t k = 0; k < out.size(); ++k) out[k] -= static_cast<double>(mean[k]);
  return dot(out, out) > nearest_to_mean * nearest_to_mean && normalize_row(out);
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sums[4] = {0, 0, 0, 0};  // four sums at once, as additions wait for each other
  std::size_t k = 0;
  for (; k + 4 <= a.size(); k += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += a[k + lane] * b[k + lane];
  }
  for (; k < a.size(); ++k) sums[0] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

Directions::Directions(MatrixView<const float> rows, std::span<const float> mean)
    : dim_(rows.cols), values_(static_cast<std::size_t>(rows.rows * rows.cols)), has_(static_cast<std::size_t>(rows.rows)) {
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    const std::span<double> out = std::span(values_).subspan(static_cast<std::size_t>(i * dim_), static_cast<std::size_t>(dim_));
    has_[static_cast<std::size_t>(i)] = direction({rows.row(i), static_cast<std::size_t>(dim_)}, mean, out);
  }
}

void check_rows(const std::string& name, MatrixView<const float> rows, std::int64_t count, std::int64_t dim) {
  check_matrix(name, rows.data, rows.rows, rows.cols, rows.ld);
  check_device(name, rows.device, Device::cpu());
  if (rows.cols == dim && (count < 0 || rows.rows == count)) return;
  const auto shape = [](std::int64_t n, std::int64_t d) { return "shape [" + (n < 0 ? std::string("n") : std::to_string(n)) + ", " + std::to_string(d) + "]"; };
  fail_argument(name, shape(rows.rows, rows.cols), shape(count, dim));
}

void check_mean(const std::string& name, std::span<const float> mean, std::int64_t dim) {
  if (mean.empty() || static_cast<std::int64_t>(mean.size()) == dim) return;
  fail_argument(name, std::to_string(mean.size()) + " numbers", std::to_string(dim) + ", the length of a row, or none");
}

}  // namespace splice_cuda
