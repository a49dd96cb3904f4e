#include "core/solve_in_order.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "core/call_monitor.hpp"
#include "core/fitting_tile.hpp"
#include "core/tile_plan.hpp"

namespace splice_cuda {

void solve_in_order(const Context& context, const Problem& problem, OrderedSink& sink) {
  const std::int64_t rows = problem.embeddings.rows;
  const Backend& backend = context.backend();
  const TilePlan plan = plan_tiles(backend.tile_cost(problem), rows, 1, context.options().memory_limit_bytes);
  if (rows == 0) return;  // whatever was asked for has been checked
  CallMonitor monitor(context.options(), rows);
  const std::unique_ptr<TileSolver> tile = make_fitting_tile(backend, problem, plan.rows_per_tile);
  std::int64_t count = 0;
  for (std::int64_t first = 0; first < rows; first += count) {
    count = std::min(tile->capacity(), rows - first);
    tile->expect(first + count, std::min(count, rows - first - count));
    tile->prepare(first, count);
    while (tile->occupied() > 0) {
      tile->screen();
      tile->solve();
      tile->certify();
      const std::int64_t before = sink.accepted();
      tile->compact(sink);
      monitor.advance(sink.accepted() - before);
    }
  }
}

}  // namespace splice_cuda
