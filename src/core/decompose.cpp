#include "splice_cuda/decompose.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/call_monitor.hpp"
#include "core/fitting_tile.hpp"
#include "core/growing_result.hpp"
#include "core/host_results.hpp"
#include "core/memory_errors.hpp"
#include "core/parallel.hpp"
#include "core/problem.hpp"
#include "core/solve_in_order.hpp"
#include "core/tile_plan.hpp"

namespace splice_cuda {
namespace {

/// Results that are gathered before they are put in order: bounds what is held twice.
constexpr std::int64_t results_per_chunk = 65536;

/// Where a finished row's entries lie until all rows of the chunk are there.
struct Placement {
  std::int32_t worker = 0;
  std::int64_t offset = 0;
  std::int64_t count = 0;
};

/// One worker's finished rows, in the order in which they left its tile.
class WorkerSink final : public RowSink {
 public:
  /// @param placements, reports  [steps, count]: of rows [first_row, first_row + count)
  void start_chunk(std::int32_t worker, std::int64_t first_row, std::int64_t count, std::span<Placement> placements,
                   std::span<RowReport> reports) {
    worker_ = worker;
    first_row_ = first_row;
    count_ = count;
    placements_ = placements;
    reports_ = reports;
    atoms.clear();
    values.clear();
    accepted = 0;
  }

  void accept(const RowResult& result) override {
    const auto index = static_cast<std::size_t>(result.step * count_ + result.row - first_row_);
    placements_[index] = {worker_, static_cast<std::int64_t>(atoms.size()),
                          static_cast<std::int64_t>(result.atoms.size())};
    atoms.insert(atoms.end(), result.atoms.begin(), result.atoms.end());
    values.insert(values.end(), result.values.begin(), result.values.end());
    reports_[index] = result.report;
    const bool last = index >= reports_.size() - static_cast<std::size_t>(count_);
    accepted += last ? 1 : 0;
  }

  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  std::int64_t accepted = 0;  ///< rows that are done with all their steps

 private:
  std::int32_t worker_ = 0;
  std::int64_t first_row_ = 0;
  std::int64_t count_ = 0;
  std::span<Placement> placements_;
  std::span<RowReport> reports_;
};

/// Drives tiles, whose rows come and go one by one, through the stages. One object a call; each worker keeps its tile from
/// chunk to chunk.
class Driver {
 public:
  Driver(const Context& context, const Problem& problem)
      : problem_(problem),
        backend_(context.backend()),
        plan_(plan_tiles(backend_.tile_cost(problem), problem.embeddings.rows, backend_.workers(),
                         context.options().memory_limit_bytes)),
        monitor_(context.options(), problem.embeddings.rows),
        rows_per_chunk_(std::max<std::int64_t>(results_per_chunk / problem.steps(), 1024)),
        tiles_(static_cast<std::size_t>(plan_.workers)),
        sinks_(static_cast<std::size_t>(plan_.workers)) {}

  /// One result a step of the problem's path.
  std::vector<DecomposeResult> run() {
    const std::int64_t rows = problem_.embeddings.rows;
    std::vector<DecomposeResult> results;
    for (int step = 0; step < problem_.steps(); ++step) results.push_back(start_result(rows, problem_.dictionary->size));
    for (std::int64_t first = 0; first < rows; first += rows_per_chunk_) {
      const std::int64_t count = std::min(rows_per_chunk_, rows - first);
      solve_chunk(first, count);
      for (std::size_t step = 0; step < results.size(); ++step) {
        const std::size_t start = step * static_cast<std::size_t>(count);
        const auto placements = std::span(placements_).subspan(start, static_cast<std::size_t>(count));
        append_chunk(results[step].codes, placements, first + count);
        const auto reports = reports_.begin() + static_cast<std::ptrdiff_t>(start);
        results[step].reports.insert(results[step].reports.end(), reports, reports + count);
      }
    }
    return results;
  }

 private:
  void solve_chunk(std::int64_t first, std::int64_t count) {
    placements_.assign(static_cast<std::size_t>(count * problem_.steps()), {});
    reports_.assign(placements_.size(), {});
    next_row_ = first;
    end_row_ = first + count;
    run_workers(plan_.workers, [&](int worker) {
      sinks_[static_cast<std::size_t>(worker)].start_chunk(worker, first, count, placements_, reports_);
      drive(worker);
    });
  }

  /// The rounds of one worker: fill free slots, screen, solve, certify, let finished rows go.
  void drive(int worker) {
    std::unique_ptr<TileSolver>& tile = tiles_[static_cast<std::size_t>(worker)];
    WorkerSink& sink = sinks_[static_cast<std::size_t>(worker)];
    if (!tile) tile = make_fitting_tile(backend_, problem_, plan_.rows_per_tile);
    for (;;) {
      fill(*tile);
      if (tile->occupied() == 0) return;
      const std::int64_t before = sink.accepted;
      tile->screen();
      tile->solve();
      tile->certify();
      tile->compact(sink);
      monitor_.advance(sink.accepted - before);
    }
  }

  /// Takes as many rows as have room, but leaves the other workers their share of the last ones.
  void fill(TileSolver& tile) {
    const std::int64_t room = tile.capacity() - tile.occupied();
    if (room == 0) return;
    std::int64_t first = next_row_.load();
    std::int64_t count = 0;
    do {
      const std::int64_t left = end_row_ - first;
      if (left <= 0) return;
      const std::int64_t share = (left + plan_.workers - 1) / plan_.workers;
      count = std::min(room, std::max<std::int64_t>(share, std::min<std::int64_t>(left, 8)));
    } while (!next_row_.compare_exchange_weak(first, first + count));
    tile.prepare(first, count);
  }

  /// @param rows  with those of the chunk
  void append_chunk(SparseCodes& codes, std::span<const Placement> placements, std::int64_t rows) const {
    std::int64_t total = codes.nnz();
    for (const Placement& placement : placements) {
      total += placement.count;
      codes.row_offsets.push_back(total);
    }
    reserve_entries(codes, total, rows);
    for (std::size_t i = 0; i < placements.size();) {
      // Rows that left their tile one after the other lie side by side.
      const Placement& run = placements[i];
      std::int64_t count = 0;
      for (; i < placements.size() && placements[i].worker == run.worker && placements[i].offset == run.offset + count; ++i) {
        count += placements[i].count;
      }
      const WorkerSink& sink = sinks_[static_cast<std::size_t>(run.worker)];
      const auto atoms = sink.atoms.begin() + run.offset;
      const auto values = sink.values.begin() + run.offset;
      codes.atom_indices.insert(codes.atom_indices.end(), atoms, atoms + count);
      codes.values.insert(codes.values.end(), values, values + count);
    }
  }

  const Problem& problem_;
  const Backend& backend_;
  const TilePlan plan_;
  CallMonitor monitor_;
  const std::int64_t rows_per_chunk_;
  std::vector<std::unique_ptr<TileSolver>> tiles_;
  std::vector<WorkerSink> sinks_;
  std::vector<Placement> placements_;  ///< [steps, rows of the chunk]
  std::vector<RowReport> reports_;     ///< likewise
  std::atomic<std::int64_t> next_row_{0};
  std::int64_t end_row_ = 0;
};

}  // namespace

DecomposeResult decompose(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                          const DecomposeOptions& options) {
  return with_memory_errors("decomposing " + std::to_string(embeddings.rows) + " rows", [&] {
    context.backend().begin_call();
    const Problem problem = resolve_problem(context, dictionary, embeddings, options);
    if (context.backend().in_order()) {
      HostResults results(embeddings.rows, dictionary.size());
      solve_in_order(context, problem, results);
      return results.finish();
    }
    return std::move(Driver(context, problem).run().front());
  });
}

std::vector<DecomposeResult> decompose_path(const Context& context, const Dictionary& dictionary,
                                            EmbeddingsView embeddings, std::span<const float> l1_penalties,
                                            const DecomposeOptions& options) {
  return with_memory_errors("decomposing " + std::to_string(embeddings.rows) + " rows", [&] {
    context.backend().begin_call();
    const Problem problem = resolve_path_problem(context, dictionary, embeddings, l1_penalties, options);
    const bool at_once = options.solve.solver == SolverKind::working_set && context.backend().follows_paths();
    if (at_once) return Driver(context, problem).run();
    std::vector<DecomposeResult> results;
    DecomposeOptions one = options;
    one.warm_start = nullptr;
    const auto count = static_cast<std::int64_t>(l1_penalties.size());
    std::int64_t last = 0;
    for (const float penalty : l1_penalties) {
      one.l1_penalty = penalty;
      if (!results.empty()) one.warm_start = &results.back().codes;
      // Rows are done by shares, so that they do not begin again with each penalty.
      const auto tell = [&, before = static_cast<std::int64_t>(results.size())](std::int64_t done, std::int64_t rows) {
        const std::int64_t share = (before * rows + done) / count;
        if (share > last) context.options().progress(last = share, rows);
      };
      std::function<void(std::int64_t, std::int64_t)> progress;
      if (context.options().progress) progress = tell;
      results.push_back(decompose(context.with_callbacks(context.options().cancel, progress), dictionary, embeddings, one));
    }
    return results;
  });
}

}  // namespace splice_cuda
