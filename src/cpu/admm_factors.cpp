#include "cpu/admm_factors.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace splice_cuda::cpu {
namespace {

AdmmFactors::AtomReader reader_of(const CpuDictionary& dictionary) {
  return [&dictionary, rows = std::vector<float>()](std::int64_t first, std::int64_t count) mutable {
    rows.resize(static_cast<std::size_t>(count * dictionary.ld));
    for (std::int64_t j = 0; j < count; ++j) {
      float* row = rows.data() + j * dictionary.ld;
      const float* atom = dictionary.float_atom(first + j, row);
      if (atom != row) std::copy_n(atom, dictionary.ld, row);
    }
    return static_cast<const float*>(rows.data());
  };
}

}  // namespace

AdmmFactors::AdmmFactors(const CpuDictionary& dictionary, const Problem& problem)
    : AdmmFactors(dictionary.size, dictionary.dim, dictionary.ld, reader_of(dictionary), problem) {}

AdmmFactors::AdmmFactors(std::int64_t size, std::int64_t dim, std::int64_t ld, const AtomReader& read_atoms,
                         const Problem& problem)
    : dim_(dim), ld_(ld), rho_(problem.solve.rho), gram_(static_cast<std::size_t>(dim * dim), 0.0) {
  Eigen::Map<Eigen::MatrixXd> gram(gram_.data(), dim, dim);
  constexpr std::int64_t block = 512;
  for (std::int64_t first = 0; first < size; first += block) {
    const std::int64_t count = std::min(block, size - first);
    const float* rows = read_atoms(first, count);
    Eigen::MatrixXf atoms(count, dim);
    for (std::int64_t j = 0; j < count; ++j) {
      const float inverse = problem.solver_inverse_weights[static_cast<std::size_t>(first + j)];
      for (std::int64_t k = 0; k < dim; ++k) atoms(j, k) = rows[j * ld + k] * inverse;
    }
    gram += (atoms.transpose() * atoms).cast<double>();
  }
  // Further from the eigenvalues, float32 iterations lose one of the two terms of rho I + C'C.
  const double mean_eigenvalue = gram.trace() / static_cast<double>(dim);
  if (mean_eigenvalue > 0) rho_ = std::clamp(rho_, 1e-4 * mean_eigenvalue, 1e4 * mean_eigenvalue);
}

double AdmmFactors::rho(int rung) const { return std::ldexp(rho_, rung); }

const float* AdmmFactors::inverse(int rung) {
  AlignedArray<float>& cached = inverses_[rung];
  if (cached) return cached.get();
  Eigen::MatrixXd shifted = Eigen::Map<const Eigen::MatrixXd>(gram_.data(), dim_, dim_);
  shifted.diagonal().array() += rho(rung);
  const Eigen::MatrixXd inverse = Eigen::LLT<Eigen::MatrixXd>(shifted).solve(Eigen::MatrixXd::Identity(dim_, dim_));
  cached = make_aligned<float>(static_cast<std::size_t>(dim_ * ld_), "ADMM's factor");
  for (std::int64_t i = 0; i < dim_; ++i) {
    for (std::int64_t k = 0; k < dim_; ++k) {
      cached[static_cast<std::size_t>(i * ld_ + k)] = static_cast<float>(inverse(i, k));
    }
  }
  return cached.get();
}

}  // namespace splice_cuda::cpu
