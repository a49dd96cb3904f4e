#pragma once

/// @file register_matrices.hpp
/// The matrix in registers that holds `places` atoms, of whichever group it is.

#include <type_traits>

#include "kernels/block_register_matrix.hpp"
#include "kernels/register_matrix.hpp"

namespace splice_cuda::testing {

template <int places>
struct RegisterMatrixOf {
  static constexpr bool by_a_block = places > 64;
  static constexpr int lanes = by_a_block ? places : 32;
  using Memory = std::conditional_t<by_a_block, cuda::BlockRegisterMatrixMemory<places>, cuda::RegisterMatrixMemory<places>>;
  template <class Group>
  using Matrix = std::conditional_t<by_a_block, cuda::BlockRegisterMatrix<Group, places>, cuda::RegisterMatrix<Group, places>>;
};

}  // namespace splice_cuda::testing
