#pragma once

/// @file tile_plan.hpp
/// How many rows are worked on at once, within a memory limit.

#include <cstddef>
#include <cstdint>

#include "backend/backend.hpp"

namespace splice_cuda {

struct TilePlan {
  int workers = 1;
  std::int64_t rows_per_tile = 1;
};

/// Fewer rows per tile before fewer workers: a worker with a small tile still works. Tiles shrink to a share of
/// a small batch, so that all workers get rows.
/// @throws OutOfMemoryError when not even one worker with one row fits; names the limit and what is needed.
TilePlan plan_tiles(const TileCost& cost, std::int64_t rows, int workers, std::size_t memory_limit_bytes);

}  // namespace splice_cuda
