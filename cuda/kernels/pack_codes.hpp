#pragma once

/// @file pack_codes.hpp
/// Stage `compact`: codes of a tile to CSR, in the rows' own units.

#include <cstdint>

#include "kernels/views.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct PackCodesKernel {
  struct Args {
    RowsView rows;
    const std::int64_t* offsets = nullptr;  ///< [rows + 1]
    std::int32_t* atoms = nullptr;          ///< [nnz]
    float* values = nullptr;                ///< [nnz]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "pack_codes_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    const std::int64_t to = args.offsets[row];
    auto atoms = group.array(args.atoms + to, args.offsets[row + 1] - to);
    auto values = group.array(args.values + to, args.offsets[row + 1] - to);
    copy_code(group, args.rows, row, args.rows.code_count[row], atoms, values);
  }
};

}  // namespace splice_cuda::cuda
