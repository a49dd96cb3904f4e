#pragma once

/// @file target_tile.hpp
/// target_l0 and target_cosine on a device: one kernel follows each row's path to its end, one certifies what it found. Rounds
/// are within the first.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_dictionary.hpp"
#include "device_problem.hpp"
#include "exact_stage.hpp"
#include "row_buffers.hpp"
#include "target_stage.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class TargetTile final : public TileSolver {
 public:
  TargetTile(Engine& engine, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows)
      : problem_(problem),
        capacity_(rows),
        device_problem_(engine, dictionary, problem),
        rows_(engine, rows, dictionary.ld, TargetStage<Engine>::support(dictionary, problem.target), false),
        target_(engine, dictionary, problem, device_problem_.view(), rows) {
    if (problem.refit) {
      refits_ = std::make_unique<ExactStage<Engine>>(engine, dictionary, device_problem_.view(), Engine::unlimited, rows);
    }
  }

  static TileCost cost(const DeviceDictionary<Engine>& dictionary, const Problem& problem) {
    using Stage = TargetStage<Engine>;
    TileCost cost;
    cost.fixed_bytes = DeviceProblem<Engine>::cost(dictionary) + Stage::fixed_cost(dictionary) +
                       (problem.refit ? ExactStage<Engine>::cost(dictionary) : 0);
    cost.row_bytes = RowBuffers<Engine>::cost(dictionary.ld, Stage::support(dictionary, problem.target), false);
    cost.scratch_bytes = Stage::scratch_cost(dictionary, problem.target);
    cost.most_scratch = Stage::most_groups(dictionary, problem.target);
    cost.preferred_rows = preferred_rows;
    return cost;
  }

  /// A tile takes rows only when it is empty: all of its rows go through the kernels together.
  std::int64_t capacity() const override { return occupied_ > 0 ? occupied_ : capacity_; }
  std::int64_t occupied() const override { return occupied_; }

  void expect(std::int64_t first_row, std::int64_t count) override { rows_.expect(first_row, count); }
  void prepare(std::int64_t first_row, std::int64_t count) override {
    // No lambda is given that could lie outside.
    rows_.load(problem_, first_row, count, {-1, std::numeric_limits<double>::infinity()});
    occupied_ = count;
  }
  /// Correlations with all atoms are part of the solver.
  void screen() override {}
  void solve() override { target_.solve(rows_.view(), rows_.penalties()); }
  void certify() override { target_.certify(rows_.view()); }
  void compact(RowSink& sink) override {
    if (refits_) refits_->refit(rows_.view());
    rows_.deliver(problem_, sink);
    occupied_ = 0;
  }

 private:
  /// Rows take their times: of so many each block has a few.
  static constexpr std::int64_t preferred_rows = 8192;

  const Problem& problem_;
  std::int64_t capacity_;
  std::int64_t occupied_ = 0;
  DeviceProblem<Engine> device_problem_;
  RowBuffers<Engine> rows_;
  TargetStage<Engine> target_;
  std::unique_ptr<ExactStage<Engine>> refits_;
};

}  // namespace splice_cuda::cuda
