#pragma once

/// @file random_rows.hpp
/// Embeddings for tests, and the plainest way to make directions of them.

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::testing_rows {

/// Rows [n, d] of a normal distribution around `shift`.
struct RandomRows {
  std::vector<float> values;
  std::int64_t rows;
  std::int64_t dim;

  RandomRows(std::int64_t n, std::int64_t d, unsigned seed, float shift = 0.5f) : values(static_cast<std::size_t>(n * d)), rows(n), dim(d) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(shift, 1.0f);
    for (float& value : values) value = normal(random);
  }
  MatrixView<const float> view() const { return {values.data(), rows, dim}; }
  float* row(std::int64_t i) { return values.data() + i * dim; }
  /// normalise(normalise(row) - mean)
  std::vector<double> unit(std::int64_t i, const std::vector<float>& mean = {}) const {
    std::vector<double> z(values.begin() + i * dim, values.begin() + (i + 1) * dim);
    scale(z);
    if (mean.empty()) return z;
    for (std::size_t k = 0; k < z.size(); ++k) z[k] -= static_cast<double>(mean[k]);
    scale(z);
    return z;
  }
  static void scale(std::vector<double>& z) {
    const double length = std::sqrt(product(z, z));
    for (double& value : z) value /= length;
  }
  static double product(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
    return sum;
  }
};

}  // namespace splice_cuda::testing_rows
