#pragma once

/// @file dense_problem.hpp
/// Problems in the form that the dense solvers take, and their matrices in fp64.

#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::testing {

/// The problem of a dictionary; weights a_j may be empty (all 1).
inline Problem dense_problem(const cpu::CpuDictionary& dictionary, const std::vector<float>& weights = {}) {
  Problem problem;
  problem.dictionary = &dictionary;
  problem.l1_penalty = 0.4f;
  for (std::int64_t j = 0; j < dictionary.size; ++j) {
    const double a = weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(j)]);
    problem.inverse_weights.push_back(1 / a);
    problem.solver_inverse_weights.push_back(static_cast<float>(1 / a));
  }
  return problem;
}

/// Weighted atoms c_j / a_j as rows, in fp64.
inline Eigen::MatrixXd weighted_atoms(const cpu::CpuDictionary& dictionary, const Problem& problem) {
  Eigen::MatrixXd atoms(dictionary.size, dictionary.dim);
  for (std::int64_t j = 0; j < dictionary.size; ++j) {
    for (std::int64_t k = 0; k < dictionary.dim; ++k) {
      atoms(j, k) = static_cast<double>(dictionary.atom<float>(j)[k]) *
                    static_cast<double>(problem.solver_inverse_weights[static_cast<std::size_t>(j)]);
    }
  }
  return atoms;
}

}  // namespace splice_cuda::testing
