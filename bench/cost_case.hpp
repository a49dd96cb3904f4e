#pragma once

/// @file cost_case.hpp
/// What paths and targets cost in plain calls: both sides on the same rows, alternating.

#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace splice_cuda::bench {

/// One of: a path of penalties, against one call a penalty; a target, against a call with the penalties it found.
struct CostCase {
  std::vector<float> path;
  std::int32_t target_l0 = 0;
  float target_cosine = 0;
  std::int64_t rows = 512;
  int repetitions = 7;

  /// "path16/text15k/p:15000/d:384/n:512/l1:0.15/working_set/threads:1" (l1 is the smallest penalty), "target/.../l0:8/...",
  /// "target/.../cosine:0.6/..."
  std::string name() const;
};

/// Geometric, from the largest to the smallest.
std::vector<float> penalty_grid(float from, float to, int count);

std::vector<CostCase> cost_grid(bool brief);

/// Counters: us_per_row and plain_us_per_row (medians; of a path: a row and penalty), cost, cost_q1, cost_q3 (of the pairs'
/// ratios), certified_share, mean_l0, mean_rounds.
void run_cost_case(benchmark::State& state, const CostCase& one);

}  // namespace splice_cuda::bench
