#pragma once

/// @file working_set_tile.hpp
/// The default solver on a device: the schedule of passes over one tile of rows.

#include <algorithm>
#include <cstdint>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_dictionary.hpp"
#include "device_problem.hpp"
#include "exact_stage.hpp"
#include "kernels/views.hpp"
#include "row_buffers.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class WorkingSetTile final : public TileSolver {
 public:
  WorkingSetTile(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows)
      : problem_(problem),
        capacity_(rows),
        device_problem_(device, dictionary, problem),
        rows_(device, rows, dictionary.ld, code_capacity(dictionary)),
        exact_(device, dictionary, device_problem_.view()) {}

  static TileCost cost(const DeviceDictionary<Engine>& dictionary) {
    TileCost cost;
    cost.fixed_bytes = DeviceProblem<Engine>::cost(dictionary) + ExactStage<Engine>::cost(dictionary);
    cost.row_bytes = RowBuffers<Engine>::cost(dictionary.ld, code_capacity(dictionary));
    cost.preferred_rows = 32768;
    return cost;
  }

  /// A tile takes rows only when it is empty: all of its rows go through the schedule together.
  std::int64_t capacity() const override { return occupied_ > 0 ? occupied_ : capacity_; }
  std::int64_t occupied() const override { return occupied_; }

  void expect(std::int64_t first_row, std::int64_t count) override { rows_.expect(first_row, count); }
  void prepare(std::int64_t first_row, std::int64_t count) override {
    rows_.load(problem_, first_row, count, {1e300, 1e301});
    occupied_ = count;
  }
  void screen() override {}
  void solve() override { exact_.solve(rows_.view()); }
  void certify() override { exact_.certify(rows_.view()); }
  void compact(RowSink& sink) override {
    if (problem_.refit) exact_.refit(rows_.view());
    rows_.deliver(problem_, sink);
    occupied_ = 0;
  }

 private:
  /// An independent support has no more atoms than dimensions.
  static std::int64_t code_capacity(const DeviceDictionary<Engine>& dictionary) {
    return std::min(dictionary.size, std::max<std::int64_t>(dictionary.dim, 32));
  }

  const Problem& problem_;
  std::int64_t capacity_;
  std::int64_t occupied_ = 0;
  DeviceProblem<Engine> device_problem_;
  RowBuffers<Engine> rows_;
  ExactStage<Engine> exact_;
};

}  // namespace splice_cuda::cuda
