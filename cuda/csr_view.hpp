#pragma once

/// @file csr_view.hpp
/// Sparse codes in a device's memory, as engines multiply them.

#include <cstdint>

namespace splice_cuda::cuda {

struct CsrView {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t nnz = 0;  ///< below 2^31
  const std::int32_t* row_offsets = nullptr;   ///< [rows + 1] from 0 on; of the indices' width, as cuSPARSE wants
  const std::int32_t* atom_indices = nullptr;  ///< [nnz]
  const float* values = nullptr;               ///< [nnz]
};

}  // namespace splice_cuda::cuda
