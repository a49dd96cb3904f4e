#include "splice_cuda/code_query.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace splice_cuda {

CodeQuery::CodeQuery(std::span<const std::int32_t> atoms, std::span<const float> weights) {
  for (std::size_t k = 0; k < atoms.size(); ++k) add(atoms[k], static_cast<double>(weights[k]));
}

void CodeQuery::add(std::int32_t atom, double weight) { weights_[atom] += weight; }

double CodeQuery::largest() const noexcept {
  double largest = 0;
  for (const auto& [atom, weight] : weights_) largest = std::max(largest, std::abs(weight));
  return largest;
}

double CodeQuery::length() const noexcept {
  double square = 0;
  for (const auto& [atom, weight] : weights_) square += weight * weight;
  return std::sqrt(square);
}

double CodeQuery::product(std::span<const std::int32_t> atoms, std::span<const float> weights) const {
  double sum = 0;
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    const auto found = weights_.find(atoms[k]);
    if (found != weights_.end()) sum += found->second * static_cast<double>(weights[k]);
  }
  return sum;
}

double CodeQuery::cosine(std::span<const std::int32_t> atoms, std::span<const float> weights) const {
  double square = 0;
  for (const float weight : weights) square += static_cast<double>(weight) * static_cast<double>(weight);
  const double lengths = std::sqrt(square) * length();
  return lengths > 0 ? product(atoms, weights) / lengths : 0;
}

}  // namespace splice_cuda
