#pragma once

/// @file admm_factors.hpp
/// What ADMM's x-update needs: by Woodbury's identity (C C' + rho I)^-1 q = (q - C inv(rho I + C'C) C'q) / rho, so that
/// only d x d matrices are factored. rho moves on a ladder of powers of two, so that rows share factors.

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// inv(rho I + C'C) of the weighted atoms c_j / a_j, one for each rung that is asked for.
class AdmmFactors {
 public:
  /// Gives atoms [first, first + count) in float32, rows of `ld`; they are read until it is called again.
  using AtomReader = std::function<const float*(std::int64_t first, std::int64_t count)>;

  AdmmFactors(const CpuDictionary& dictionary, const Problem& problem);
  AdmmFactors(std::int64_t size, std::int64_t dim, std::int64_t ld, const AtomReader& atoms, const Problem& problem);

  double rho(int rung) const;
  /// [dim, ld], float32; kept for the next time.
  const float* inverse(int rung);

 private:
  std::int64_t dim_;
  std::int64_t ld_;
  double rho_;
  std::vector<double> gram_;  ///< [dim, dim]
  std::map<int, AlignedArray<float>> inverses_;
};

}  // namespace splice_cuda::cpu
