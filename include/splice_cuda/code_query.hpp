#pragma once

/// @file code_query.hpp
/// What is searched for among codes: concepts, or what is like a code, with more of one concept and less of another.

#include <cstdint>
#include <map>
#include <span>

namespace splice_cuda {

/// A sparse vector of weights of concepts, of any sign.
class CodeQuery {
 public:
  CodeQuery() = default;
  /// The query of a code itself.
  CodeQuery(std::span<const std::int32_t> atoms, std::span<const float> weights);

  /// Adds to the weight of one concept; negative: less of it.
  void add(std::int32_t atom, double weight);
  /// Largest absolute weight; 0 without any.
  double largest() const noexcept;
  /// Euclidean length.
  double length() const noexcept;
  bool empty() const noexcept { return length() == 0; }
  const std::map<std::int32_t, double>& weights() const noexcept { return weights_; }

  /// Sum over concepts of the query's weight times the code's.
  double product(std::span<const std::int32_t> atoms, std::span<const float> weights) const;
  /// Cosine of query and code; 0 where one of them is empty.
  double cosine(std::span<const std::int32_t> atoms, std::span<const float> weights) const;

 private:
  std::map<std::int32_t, double> weights_;  ///< by atom: sums go in its order
};

}  // namespace splice_cuda
