#pragma once

/// @file in_code.hpp
/// Whether a row's code has an atom.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// By bisection: a code's atoms ascend.
SPLICE_KERNEL bool in_code(const RowsView& rows, std::int64_t row, std::int32_t atom) {
  const std::int32_t* atoms = rows.code_atoms + row * rows.code_capacity;
  int low = 0;
  int high = rows.code_count[row];
  SPLICE_NO_UNROLL
  while (low < high) {
    const int middle = (low + high) / 2;
    if (atoms[middle] < atom) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < rows.code_count[row] && atoms[low] == atom;
}

}  // namespace splice_cuda::cuda
