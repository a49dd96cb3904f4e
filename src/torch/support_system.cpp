#include "torch/support_system.hpp"

#include <Eigen/QR>
#include <cmath>

namespace splice_cuda::op {

void SupportSystem::load(const ElementMatrix& dictionary, std::span<const std::int32_t> atoms) {
  const auto count = static_cast<Eigen::Index>(atoms.size());
  atoms_.resize(count, dictionary.cols);
  for (Eigen::Index i = 0; i < count; ++i)
    read_row(dictionary, atoms[static_cast<std::size_t>(i)], atoms_.row(i).data());
  gram_.setZero(count, count);
  gram_.selfadjointView<Eigen::Lower>().rankUpdate(atoms_);
  // Powers of two round nothing: of atoms about as long as each other the factor stays what it is, bit by bit.
  scales_.setOnes(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const double square = gram_(i, i);
    if (square > 0 && std::isfinite(square)) scales_[i] = std::exp2(-std::round(std::log2(square) / 2));
  }
  gram_ = scales_.asDiagonal() * gram_ * scales_.asDiagonal();
  factor_.compute(gram_);
  // Below this, a fp64 factor has no correct digit left: what it says of M^-1 is noise.
  constexpr double smallest_rcond = 1e-14;
  singular_ = factor_.info() != Eigen::Success || !(factor_.rcond() > smallest_rcond);
}

Eigen::VectorXd SupportSystem::solve(const Eigen::VectorXd& right) const {
  const Eigen::VectorXd scaled = right.cwiseProduct(scales_);
  if (!singular_) return factor_.solve(scaled).cwiseProduct(scales_);
  const Eigen::MatrixXd full = gram_.selfadjointView<Eigen::Lower>();
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> decomposition;
  decomposition.setThreshold(1e-12);
  decomposition.compute(full);
  return decomposition.solve(scaled).cwiseProduct(scales_);
}

}  // namespace splice_cuda::op
