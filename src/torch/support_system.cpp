#include "torch/support_system.hpp"

#include <Eigen/QR>

namespace splice_cuda::op {

void SupportSystem::load(const ElementMatrix& dictionary, std::span<const std::int32_t> atoms) {
  const auto count = static_cast<Eigen::Index>(atoms.size());
  atoms_.resize(count, dictionary.cols);
  for (Eigen::Index i = 0; i < count; ++i)
    read_row(dictionary, atoms[static_cast<std::size_t>(i)], atoms_.row(i).data());
  gram_.setZero(count, count);
  gram_.selfadjointView<Eigen::Lower>().rankUpdate(atoms_);
  factor_.compute(gram_);
  // Below this, a fp64 factor has no correct digit left: what it says of M^-1 is noise.
  constexpr double smallest_rcond = 1e-14;
  singular_ = factor_.info() != Eigen::Success || !(factor_.rcond() > smallest_rcond);
}

Eigen::VectorXd SupportSystem::solve(const Eigen::VectorXd& right) const {
  if (!singular_) return factor_.solve(right);
  const Eigen::MatrixXd full = gram_.selfadjointView<Eigen::Lower>();
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> decomposition;
  decomposition.setThreshold(1e-12);
  decomposition.compute(full);
  return decomposition.solve(right);
}

}  // namespace splice_cuda::op
