#pragma once

/// @file write_reports.hpp
/// Stage `compact`: what is known of each row as the interface has it.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

/// Item: 32 rows, one a lane.
struct WriteReportsKernel {
  struct Args {
    RowsView rows;
    double penalty = 0;
    const float* penalties = nullptr;  ///< or one a row
    RowReport* reports = nullptr;      ///< [rows]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "write_reports_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    group.each([&](int lane) {
      const std::int64_t row = item * Group::size + lane;
      if (row >= args.rows.count) return;
      RowReport report;
      report.primal = args.rows.primal[row];
      report.dual = args.rows.dual[row];
      report.gap = args.rows.gap[row];
      report.kkt_violation = args.rows.kkt_violation[row];
      report.rounds = args.rows.rounds[row];
      report.iterations = args.rows.iterations[row];
      report.status = static_cast<RowStatus>(args.rows.status[row]);
      report.l1_penalty = args.penalties != nullptr ? static_cast<double>(args.penalties[row]) : args.penalty;
      args.reports[row] = report;
    });
  }
};

}  // namespace splice_cuda::cuda
