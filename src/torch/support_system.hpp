#pragma once

/// @file support_system.hpp
/// The linear system on a row's support S: M = C_S C_S', in fp64. On S the solution is w_S = M^-1 (C_S z -
/// lambda a_S s), s the signs of w_S; derivatives solve with the same M. Whether M can be inverted does not depend on how long
/// atoms are: it is scaled to a diagonal of about 1 first.

#include <cstdint>
#include <span>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "torch/element_matrix.hpp"

namespace splice_cuda::op {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class SupportSystem {
 public:
  /// Gathers the atoms and factorises M. `atoms` may not be empty.
  void load(const ElementMatrix& dictionary, std::span<const std::int32_t> atoms);
  /// M^-1 right; where atoms depend on each other a solution of least norm, each number times its atom's length.
  Eigen::VectorXd solve(const Eigen::VectorXd& right) const;
  /// C_S [|S|, d].
  const RowMatrix& atoms() const noexcept { return atoms_; }

 private:
  RowMatrix atoms_;
  Eigen::VectorXd scales_;  ///< of atoms, about 1 over their lengths
  Eigen::MatrixXd gram_;    ///< of scaled atoms
  Eigen::LLT<Eigen::MatrixXd> factor_;
  bool singular_ = false;
};

}  // namespace splice_cuda::op
