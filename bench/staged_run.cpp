#include "staged_run.hpp"

#include <algorithm>
#include <memory>

#include "stopwatch.hpp"

namespace splice_cuda::bench {
namespace {

class CountingSink final : public RowSink {
 public:
  void accept(const RowResult& result) override {
    ++rows;
    passes += result.report.rounds;
  }
  std::int64_t rows = 0;
  std::int64_t passes = 0;
};

}  // namespace

StagedTimes run_stages(const Backend& backend, const Problem& problem, Clock clock) {
  const std::int64_t rows = problem.embeddings.rows;
  const std::int64_t tile_rows = std::min(backend.tile_cost(problem).preferred_rows, rows);
  const std::unique_ptr<TileSolver> tile = backend.make_tile_solver(problem, tile_rows);
  CountingSink sink;
  StagedTimes times;
  std::int64_t next = 0;
  for (;;) {
    const std::int64_t count = std::min(tile->capacity() - tile->occupied(), rows - next);
    if (count > 0) times.seconds[0] += seconds_of([&] { tile->prepare(next, count); }, clock);
    next += std::max<std::int64_t>(count, 0);
    if (tile->occupied() == 0) break;
    times.seconds[1] += seconds_of([&] { tile->screen(); }, clock);
    times.seconds[2] += seconds_of([&] { tile->solve(); }, clock);
    times.seconds[3] += seconds_of([&] { tile->certify(); }, clock);
    times.seconds[4] += seconds_of([&] { tile->compact(sink); }, clock);
    ++times.rounds;
  }
  times.rows = sink.rows;
  times.row_passes = sink.passes;
  return times;
}

}  // namespace splice_cuda::bench
