#pragma once

/// @file random_problem.hpp
/// Gaussian problems for the tests of the oracle.

#include <cstdint>
#include <random>
#include <vector>

#include "oracle/lasso_oracle.hpp"

namespace splice_oracle {

inline Problem random_problem(std::int64_t atoms, std::int64_t dim, double penalty, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Problem problem{.atoms = atoms, .dim = dim, .dictionary = {}, .weights = {}, .penalty = penalty};
  for (std::int64_t i = 0; i < atoms * dim; ++i) problem.dictionary.push_back(normal(generator));
  return problem;
}

inline std::vector<double> random_vector(std::int64_t dim, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> z(static_cast<std::size_t>(dim));
  for (double& value : z) value = normal(generator);
  return z;
}

}  // namespace splice_oracle
