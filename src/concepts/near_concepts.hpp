#pragma once

/// @file near_concepts.hpp
/// Unit vectors that grow in number, and the first of them that is too near to another.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "splice_cuda/context.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// Cosine of two unit vectors, in fp64.
double unit_cosine(std::span<const float> a, std::span<const float> b);

struct NearConcept {
  std::int64_t index = 0;  ///< the first that is too near
  double cosine = 0;
};

/// Vectors of length 1, in the order in which they were added.
class NearConcepts {
 public:
  NearConcepts(std::int64_t dim, double max_cosine) : dim_(dim), max_cosine_(max_cosine) {}

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(rows_.size()) / dim_; }
  void add(std::span<const float> unit) { rows_.insert(rows_.end(), unit.begin(), unit.end()); }
  std::span<const float> row(std::int64_t index) const {
    return std::span(rows_).subspan(static_cast<std::size_t>(index * dim_), static_cast<std::size_t>(dim_));
  }

  /// For each unit row of `block` the first of the vectors [from, size()) whose cosine exceeds the limit. Products are
  /// float32, on the context's threads; those within rounding of the limit are made again in fp64.
  std::vector<std::optional<NearConcept>> first_near(const Context& context, MatrixView<const float> block, std::int64_t from) const;

 private:
  std::int64_t dim_;
  double max_cosine_;
  std::vector<float> rows_;
};

}  // namespace splice_cuda
