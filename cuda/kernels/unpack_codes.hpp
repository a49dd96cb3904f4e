#pragma once

/// @file unpack_codes.hpp
/// Stage `prepare`: given codes, in CSR, become those of a tile's rows; in their own units until the rows are prepared.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Item: a row of the CSR. Of its entries as many as there is room for.
struct UnpackCodesKernel {
  struct Args {
    RowsView rows;
    std::int64_t first = 0;                 ///< row of the tile that the CSR begins with
    const std::int64_t* offsets = nullptr;  ///< [rows + 1] from 0 on
    const std::int32_t* atoms = nullptr;    ///< [nnz]
    const float* weights = nullptr;         ///< [nnz]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "unpack_codes_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    const RowsView& rows = args.rows;
    const std::int64_t row = args.first + item;
    const std::int64_t from = args.offsets[item];
    const std::int64_t given = args.offsets[item + 1] - from;
    const std::int64_t count = given < rows.code_capacity ? given : rows.code_capacity;
    auto atoms = group.array(rows.code_atoms + row * rows.code_capacity, rows.code_capacity);
    auto weights = group.array(rows.code_weights + row * rows.code_capacity, rows.code_capacity);
    group.each([&](int lane) {
      SPLICE_NO_UNROLL
      for (std::int64_t i = lane; i < count; i += Group::size) {
        atoms[i] = args.atoms[from + i];
        weights[i] = args.weights[from + i];
      }
    });
    group.once([&] { rows.code_count[row] = static_cast<std::int32_t>(count); });
  }
};

}  // namespace splice_cuda::cuda
