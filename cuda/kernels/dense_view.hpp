#pragma once

/// @file dense_view.hpp
/// What the solvers that work on the whole dictionary share (src/cpu/dense_tile.hpp): weights of all atoms a row,
/// x_j = a_j w_j of the weighted atom c_j / a_j, and the operands of products with all atoms.

#include <cstdint>

namespace splice_cuda::cuda {

/// Codes of more atoms are left as they are.
inline constexpr int largest_relaxed_support = 256;

struct DenseView {
  /// Rows of the tile that are not finished, in order. What has one entry an active row is indexed by the place in here.
  const std::int32_t* active = nullptr;
  float* vectors = nullptr;   ///< [active padded, ld] what is multiplied by all atoms
  float* products = nullptr;  ///< [active padded, p] with all atoms, plain ones
  float* x = nullptr;         ///< [rows, p]
  std::uint64_t* seen = nullptr;     ///< [rows] the support at the last test
  std::uint64_t* relaxed = nullptr;  ///< [rows] the last support that was relaxed
  std::int32_t* relaxes = nullptr;   ///< [rows] whether the code is to be relaxed now
  std::int32_t max_iterations = 0;
};

}  // namespace splice_cuda::cuda
