#pragma once

/// @file write_row_codes.hpp
/// The end of a fixed number of rounds: what is not finished is given up, and codes go to places of fixed width.

#include <cstdint>

#include "kernels/views.hpp"
#include "kernels/write_code.hpp"
#include "lane_group.hpp"
#include "splice_cuda/queued_solver.hpp"

namespace splice_cuda::cuda {

/// Rows that are not finished claim what they have: the certificate over all atoms says what it is worth. Item: 32 rows.
struct GiveUpKernel {
  struct Args {
    RowsView rows;
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "give_up_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    group.each([&](int lane) {
      const std::int64_t row = item * Group::size + lane;
      if (row >= args.rows.count || args.rows.phase[row] == RowPhase::finished) return;
      args.rows.phase[row] = RowPhase::claims_exactly;
    });
  }
};

/// A row's code in its own units; see RowCodes.
struct WriteRowCodesKernel {
  struct Args {
    RowsView rows;
    RowCodes codes;
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "write_row_codes_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    const std::int64_t to = row * args.codes.stride;
    const std::int64_t count = args.rows.code_count[row];
    const std::int64_t kept = count < args.codes.stride ? count : args.codes.stride;
    copy_code(group, args.rows, row, kept, group.array(args.codes.atoms + to, args.codes.stride),
              group.array(args.codes.values + to, args.codes.stride));
    group.once([&] { args.codes.counts[row] = static_cast<std::int32_t>(count); });
  }
};

}  // namespace splice_cuda::cuda
