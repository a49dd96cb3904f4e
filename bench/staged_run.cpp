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
    // A device only takes orders in a stage: its share ends when it has carried them out.
    const auto timed = [&](auto stage) {
      return seconds_of(
          [&] {
            stage();
            backend.synchronize();
          },
          clock);
    };
    if (count > 0) times.seconds[0] += timed([&] { tile->prepare(next, count); });
    next += std::max<std::int64_t>(count, 0);
    if (tile->occupied() == 0) break;
    times.seconds[1] += timed([&] { tile->screen(); });
    times.seconds[2] += timed([&] { tile->solve(); });
    times.seconds[3] += timed([&] { tile->certify(); });
    times.seconds[4] += timed([&] { tile->compact(sink); });
    ++times.rounds;
  }
  times.rows = sink.rows;
  times.row_passes = sink.passes;
  return times;
}

}  // namespace splice_cuda::bench
