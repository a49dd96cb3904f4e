#pragma once

/// @file decompose_case.hpp
/// One line of the benchmark: decompose and the matrix product of the same rows, alternating.

#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "splice_cuda/options.hpp"

namespace splice_cuda::bench {

struct DecomposeCase {
  std::string sweep;    ///< what is varied: "batch", "l1", "atoms", "dim", "solver", "threads"
  bool text15k = true;  ///< false: synthetic of the size below
  std::int64_t atoms = 15000;
  std::int64_t dim = 384;
  std::int64_t rows = 512;  ///< batch size
  float l1_penalty = 0.25f;
  SolverKind solver = SolverKind::working_set;
  int threads = 1;
  int repetitions = 7;  ///< pairs of (decompose, product); medians are taken over them

  /// "l1/text15k/p:15000/d:384/n:512/l1:0.25/working_set/threads:1"
  std::string name() const;
};

/// Counters: us_per_row, gemm_us_per_row, rows_per_s (medians); ratio, ratio_q1, ratio_q3 (of the pairs'
/// ratios); certified_share, mean_l0, mean_rounds, max_relative_gap (over all rows that were solved). With more threads than
/// one, both are timed with one thread in the same turns: speedup, product_speedup (with quartiles likewise).
void run_case(benchmark::State& state, const DecomposeCase& one);

}  // namespace splice_cuda::bench
