#pragma once

/// @file row_copy.hpp
/// Rows of bytes from one pitch to another.

#include <cstddef>
#include <cstdint>

namespace splice_cuda::cuda {

struct RowCopy {
  void* to = nullptr;
  std::size_t to_pitch = 0;
  const void* from = nullptr;
  std::size_t from_pitch = 0;
  std::size_t row_bytes = 0;
  std::int64_t rows = 0;
};

}  // namespace splice_cuda::cuda
