#pragma once

/// @file directions.hpp
/// Embeddings as unit vectors in fp64, with those that have no direction told apart.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// A unit row that lies nearer to the mean than this lies in it, but for the rounding of float32: it has no direction from there.
inline constexpr double nearest_to_mean = 1e-6;

/// z = normalise(e), or normalise(normalise(e) - mean) where there is a mean (arXiv 2402.10376, section 4).
/// @returns false where there is no direction: a row of zeros, NaN or infinity, or one in the mean. `out` is then undefined
bool direction(std::span<const float> row, std::span<const float> mean, std::span<double> out);

/// Sum of products, in an order that depends on the length alone.
double dot(std::span<const double> a, std::span<const double> b);

/// Rows as above.
class Directions {
 public:
  /// @param mean  empty, or as long as a row
  Directions(MatrixView<const float> rows, std::span<const float> mean);

  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(has_.size()); }
  std::int64_t dim() const noexcept { return dim_; }
  bool has(std::int64_t row) const { return has_[static_cast<std::size_t>(row)]; }
  std::span<const double> row(std::int64_t row) const {
    return std::span(values_).subspan(static_cast<std::size_t>(row * dim_), static_cast<std::size_t>(dim_));
  }
  double cosine(std::int64_t row, const Directions& other, std::int64_t others_row) const { return dot(this->row(row), other.row(others_row)); }

 private:
  std::int64_t dim_;
  std::vector<double> values_;
  std::vector<bool> has_;
};

/// @throws ArgumentError unless `rows` is [count, dim] in host memory; count < 0: any number of rows
void check_rows(const std::string& name, MatrixView<const float> rows, std::int64_t count, std::int64_t dim);
/// @throws ArgumentError unless the mean is empty or of length dim
void check_mean(const std::string& name, std::span<const float> mean, std::int64_t dim);

}  // namespace splice_cuda
