#include "core/tile_plan.hpp"

#include <algorithm>
#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

TilePlan plan_tiles(const TileCost& cost, std::int64_t rows, int workers, std::size_t memory_limit_bytes) {
  const std::size_t smallest = cost.bytes(1);
  if (smallest > memory_limit_bytes) {
    throw OutOfMemoryError("memory_limit_bytes: got " + std::to_string(memory_limit_bytes) +
                           ", expected at least " + std::to_string(smallest) +
                           " for a tile of one row with this dictionary");
  }
  TilePlan plan;
  const auto affordable = static_cast<std::int64_t>(memory_limit_bytes / smallest);
  plan.workers = static_cast<int>(
      std::max<std::int64_t>(1, std::min<std::int64_t>({workers, affordable, rows})));
  const std::size_t share = memory_limit_bytes / static_cast<std::size_t>(plan.workers);
  const std::int64_t fitting = cost.rows_within(share);
  const std::int64_t even = (rows + plan.workers - 1) / plan.workers;
  const std::int64_t wanted =
      (std::min(cost.preferred_rows, even) + cost.row_multiple - 1) / cost.row_multiple *
      cost.row_multiple;
  plan.rows_per_tile = std::max<std::int64_t>(1, std::min(wanted, fitting));
  if (plan.rows_per_tile > cost.row_multiple) {
    plan.rows_per_tile -= plan.rows_per_tile % cost.row_multiple;
  }
  return plan;
}

}  // namespace splice_cuda
