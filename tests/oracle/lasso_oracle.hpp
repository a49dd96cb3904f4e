#pragma once

/// @file lasso_oracle.hpp
/// The reference answer in fp64: cyclic coordinate descent, written for plainness. Includes nothing of the library and
/// shares no formula with it.

#include <cstdint>
#include <vector>

namespace splice_oracle {

/// One row's problem:  min_w 1/2 |z - C'w|^2 + penalty * sum_j a_j |w_j|,  w >= 0 unless `any_sign`.
struct Problem {
  std::int64_t atoms = 0;
  std::int64_t dim = 0;
  std::vector<double> dictionary;  ///< C [atoms, dim]
  std::vector<double> weights;     ///< a [atoms], or empty for all 1; infinity bans an atom
  double penalty = 0;              ///< of the half form: l1_penalty / 2
  bool any_sign = false;
};

struct Solution {
  std::vector<double> w;             ///< [atoms]
  std::vector<double> correlations;  ///< c_j . (z - C'w) [atoms]
  double primal = 0;
  double gap = 0;  ///< duality gap over all atoms
};

/// Solves to a gap of `tolerance` * 1/2 |z|^2, or as near as `sweeps` get.
Solution solve(const Problem& problem, const std::vector<double>& z, double tolerance = 1e-12, int sweeps = 20000);

/// Least squares on `support` alone, without penalty or weights; w >= 0 unless `any_sign`. By the same sweeps, until
/// they move nothing.
std::vector<double> least_squares(const Problem& problem, const std::vector<double>& z,
                                  const std::vector<std::size_t>& support, int sweeps = 200000);

/// Objective, correlations and gap of any w.
Solution evaluate(const Problem& problem, const std::vector<double>& z, const std::vector<double>& w);

}  // namespace splice_oracle
