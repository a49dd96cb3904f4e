#pragma once

/// @file working_set_tile.hpp
/// The default solver on a device: the schedule of rounds over one tile of rows. A round screens the rows that are not
/// done, solves them and certifies what claims to be solved.
///
/// The host only enqueues. Nearly all rows need two rounds or three; so long it does not look at the device. From then on
/// it waits once a round for the number of rows that are left, so that the last ones are screened alone.

#include <algorithm>
#include <cstdint>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_dictionary.hpp"
#include "device_problem.hpp"
#include "exact_stage.hpp"
#include "kernels/views.hpp"
#include "kernels/write_row_codes.hpp"
#include "row_buffers.hpp"
#include "screen_stage.hpp"
#include "solve_stage.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class WorkingSetTile final : public TileSolver {
 public:
  WorkingSetTile(Engine& engine, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows)
      : engine_(engine),
        problem_(problem),
        capacity_(rows),
        device_problem_(engine, dictionary, problem),
        rows_(engine, rows, dictionary.ld, code_capacity(dictionary), true),
        screen_(engine, dictionary, device_problem_.view(), rows),
        solve_(engine, dictionary, device_problem_.view(), rows),
        exact_(engine, dictionary, device_problem_.view(), Engine::unlimited, Engine::unlimited,
               static_cast<std::size_t>(rows) * ExactStage<Engine>::row_cost) {}

  static TileCost cost(const DeviceDictionary<Engine>& dictionary) {
    TileCost cost;
    cost.fixed_bytes = DeviceProblem<Engine>::cost(dictionary) + ScreenStage<Engine>::fixed_cost(dictionary) +
                       SolveStage<Engine>::fixed_cost(dictionary) + ExactStage<Engine>::cost(dictionary);
    cost.row_bytes = RowBuffers<Engine>::cost(dictionary.ld, code_capacity(dictionary), true) +
                     ScreenStage<Engine>::row_cost(dictionary) + ExactStage<Engine>::row_cost;
    cost.scratch_bytes = SolveStage<Engine>::scratch_cost(dictionary);
    cost.most_scratch = SolveStage<Engine>::most_groups(dictionary);
    cost.preferred_rows = ScreenStage<Engine>::preferred_rows(dictionary);
    return cost;
  }

  /// All rounds of rows [0, count) without a look at the device, and the codes to where the caller wants them.
  void enqueue(std::int64_t count, std::int32_t rounds, const RowCodes& codes) {
    prepare(0, count);
    for (std::int32_t round = 0; round < rounds; ++round) {
      screen();
      solve_.solve(rows_.view(), screen_.view(), most_active_, first_passes(round), round + 1 == rounds);
      certify();
    }
    exact_.solve(rows_.view());
    engine_.template launch<GiveUpKernel>((count + 31) / 32, {rows_.view()});
    exact_.certify(rows_.view());
    if (problem_.refit) exact_.refit(rows_.view());
    engine_.template launch<WriteRowCodesKernel>(count, {rows_.view(), codes});
    rows_.write_reports(problem_, codes.reports);
    occupied_ = 0;
  }

  /// A tile takes rows only when it is empty: all of its rows go through the schedule together.
  std::int64_t capacity() const override { return occupied_ > 0 ? occupied_ : capacity_; }
  std::int64_t occupied() const override { return occupied_; }

  void expect(std::int64_t first_row, std::int64_t count) override { rows_.expect(first_row, count); }
  void prepare(std::int64_t first_row, std::int64_t count) override {
    occupied_ = most_active_ = count;
    round_ = 0;
    exact_ones_ = false;
    rows_.load(problem_, first_row, count, {smallest_lambda, largest_lambda});
    // Rows without a code wait until they are screened: their lists are undefined so far.
    screen_.collect(rows_.view(), problem_.warm_start != nullptr);
    if (problem_.warm_start == nullptr) return;
    solve_.solve(rows_.view(), screen_.view(), most_active_, false);
    screen_.collect(rows_.view());
  }

  void screen() override { screen_.screen(rows_.view(), most_active_); }

  void solve() override {
    solve_.solve(rows_.view(), screen_.view(), most_active_, first_passes(round_));
    if (exact_ones_) exact_.solve(rows_.view());
  }

  void certify() override {
    solve_.certify(rows_.view(), screen_.view(), most_active_);
    if (exact_ones_) exact_.certify(rows_.view());
    screen_.collect(rows_.view());
  }

  void compact(RowSink& sink) override {
    if (++round_ < rounds_unseen) return;
    rows_.use_wait(problem_, sink);
    std::int32_t active = 0;
    std::int32_t unfinished = 0;
    screen_.download_active(active);
    screen_.download_unfinished(unfinished);
    engine_.synchronize();
    most_active_ = active;
    exact_ones_ = unfinished > active;
    if (unfinished > 0) return;
    if (problem_.refit) exact_.refit(rows_.view());
    rows_.deliver(problem_, sink);
    occupied_ = 0;
  }

 private:
  static constexpr int rounds_unseen = 3;

  /// Whether the round has nothing but first passes.
  bool first_passes(int round) const { return round == 0 && problem_.warm_start == nullptr; }
  // Beyond these, float32 thresholds mean nothing; the fp64 path decides.
  static constexpr double smallest_lambda = 1e-12;
  static constexpr double largest_lambda = 1e12;

  /// An independent support has no more atoms than dimensions.
  static std::int64_t code_capacity(const DeviceDictionary<Engine>& dictionary) {
    return std::min(dictionary.size, std::max<std::int64_t>(dictionary.dim, 32));
  }

  Engine& engine_;
  const Problem& problem_;
  std::int64_t capacity_;
  std::int64_t occupied_ = 0;
  std::int64_t most_active_ = 0;  ///< rows that may take part in the next round
  int round_ = 0;
  bool exact_ones_ = false;  ///< whether rows wait for fp64, as far as the host knows
  DeviceProblem<Engine> device_problem_;
  RowBuffers<Engine> rows_;
  ScreenStage<Engine> screen_;
  SolveStage<Engine> solve_;
  ExactStage<Engine> exact_;
};

}  // namespace splice_cuda::cuda
