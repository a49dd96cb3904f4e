#pragma once

/// @file staged_run.hpp
/// The driver's loop over one tile, with a watch on each stage.

#include <array>
#include <cstdint>
#include <string_view>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "stopwatch.hpp"

namespace splice_cuda::bench {

inline constexpr std::array<std::string_view, 5> stage_names{"prepare", "screen", "solve", "certify",
                                                             "compact"};

struct StagedTimes {
  std::array<double, stage_names.size()> seconds{};  ///< in the order of stage_names
  std::int64_t rows = 0;
  std::int64_t rounds = 0;      ///< turns of the driver's loop
  std::int64_t row_passes = 0;  ///< passes over the dictionary, summed over the rows
};

/// Solves all rows of the problem as one worker of `decompose` would: full tiles, refilled as rows leave.
StagedTimes run_stages(const Backend& backend, const Problem& problem, Clock clock = wall_clock);

}  // namespace splice_cuda::bench
