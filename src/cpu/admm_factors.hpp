#pragma once

/// @file admm_factors.hpp
/// What ADMM's x-update needs: by Woodbury's identity (C C' + rho I)^-1 q = (q - C inv(rho I + C'C) C'q) / rho, so that
/// only d x d matrices are factored. rho moves on a ladder of powers of two, so that rows share factors.

#include <map>

#include <Eigen/Core>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// Rungs of the ladder to either side.
inline constexpr int most_rungs = 12;

/// inv(rho I + C'C) of the weighted atoms c_j / a_j, one for each rung that is asked for.
class AdmmFactors {
 public:
  AdmmFactors(const CpuDictionary& dictionary, const Problem& problem);

  double rho(int rung) const;
  /// [dim, ld], float32; kept for the next time.
  const float* inverse(int rung);

 private:
  const CpuDictionary& dictionary_;
  double rho_;
  Eigen::MatrixXd gram_;
  std::map<int, AlignedArray<float>> inverses_;
};

/// Residual balancing (Boyd et al. 2011, section 3.4.1): the next rung up where the primal residual dominates, down
/// where the dual one does.
int balanced_rung(int rung, double primal_residual, double dual_residual);

}  // namespace splice_cuda::cpu
