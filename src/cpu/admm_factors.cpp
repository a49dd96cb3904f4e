#include "cpu/admm_factors.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>

namespace splice_cuda::cpu {

AdmmFactors::AdmmFactors(const CpuDictionary& dictionary, const Problem& problem)
    : dictionary_(dictionary), rho_(problem.solve.rho) {
  const std::int64_t dim = dictionary.dim;
  gram_ = Eigen::MatrixXd::Zero(dim, dim);
  constexpr std::int64_t block = 512;
  std::vector<float> buffer(static_cast<std::size_t>(dictionary.ld));
  for (std::int64_t first = 0; first < dictionary.size; first += block) {
    const std::int64_t count = std::min(block, dictionary.size - first);
    Eigen::MatrixXf atoms(count, dim);
    for (std::int64_t j = 0; j < count; ++j) {
      const float* atom = dictionary.float_atom(first + j, buffer.data());
      const float inverse = problem.solver_inverse_weights[static_cast<std::size_t>(first + j)];
      for (std::int64_t k = 0; k < dim; ++k) atoms(j, k) = atom[k] * inverse;
    }
    gram_ += (atoms.transpose() * atoms).cast<double>();
  }
  // Further from the eigenvalues, float32 iterations lose one of the two terms of rho I + C'C.
  const double mean_eigenvalue = gram_.trace() / static_cast<double>(dim);
  if (mean_eigenvalue > 0) rho_ = std::clamp(rho_, 1e-4 * mean_eigenvalue, 1e4 * mean_eigenvalue);
}

double AdmmFactors::rho(int rung) const { return std::ldexp(rho_, rung); }

const float* AdmmFactors::inverse(int rung) {
  AlignedArray<float>& cached = inverses_[rung];
  if (cached) return cached.get();
  const std::int64_t dim = dictionary_.dim;
  Eigen::MatrixXd shifted = gram_;
  shifted.diagonal().array() += rho(rung);
  const Eigen::MatrixXd inverse = Eigen::LLT<Eigen::MatrixXd>(shifted).solve(Eigen::MatrixXd::Identity(dim, dim));
  cached = make_aligned<float>(static_cast<std::size_t>(dim * dictionary_.ld), "ADMM's factor");
  for (std::int64_t i = 0; i < dim; ++i) {
    for (std::int64_t k = 0; k < dim; ++k) {
      cached[static_cast<std::size_t>(i * dictionary_.ld + k)] = static_cast<float>(inverse(i, k));
    }
  }
  return cached.get();
}

int balanced_rung(int rung, double primal_residual, double dual_residual) {
  constexpr double imbalance = 4;
  if (primal_residual > imbalance * dual_residual) return std::min(rung + 1, most_rungs);
  if (dual_residual > imbalance * primal_residual) return std::max(rung - 1, -most_rungs);
  return rung;
}

}  // namespace splice_cuda::cpu
