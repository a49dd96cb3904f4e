#pragma once

/// @file csr_view.hpp
/// Sparse codes in a device's memory, as engines multiply them.

#include <cstdint>

namespace splice_cuda::cuda {

struct CsrView {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t nnz = 0;
  const std::int64_t* row_offsets = nullptr;   ///< [rows + 1]
  const std::int32_t* atom_indices = nullptr;  ///< [nnz]
  const float* values = nullptr;               ///< [nnz]
};

}  // namespace splice_cuda::cuda
