#pragma once

/// @file working_set_tile.hpp
/// The default solver: working sets with int8 screening, on a tile of rows in different rounds.

#include <cstdint>
#include <vector>

#include "backend/backend.hpp"
#include "cpu/certify_row.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/problem_scales.hpp"
#include "cpu/target_row.hpp"
#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {

TileCost working_set_tile_cost(const CpuDictionary& dictionary, const Problem& problem);

/// Rows that need a first pass and rows that need a certifying one are screened together: no tail of few rows
/// ever passes over the dictionary alone.
class WorkingSetTile final : public TileSolver {
 public:
  WorkingSetTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows);

  std::int64_t capacity() const override { return static_cast<std::int64_t>(slots_.size()); }
  std::int64_t occupied() const override { return occupied_; }
  void prepare(std::int64_t first_row, std::int64_t count) override;
  void screen() override;
  void solve() override;
  void certify() override {}  // solve() has it done, row by row
  void compact(RowSink& sink) override;

 private:
  void load(WorkingSetRow& slot, std::int64_t row);
  void start(WorkingSetRow& slot);
  void solve(WorkingSetRow& slot);
  void certify(WorkingSetRow& slot);
  void settle(WorkingSetRow& slot, double half_z_dot_z);
  void hand_over(WorkingSetRow& slot, RowSink& sink);
  double next_lambda(const WorkingSetRow& slot) const;
  bool advance(WorkingSetRow& slot);
  double penalty_of(const WorkingSetRow& slot) const;
  bool out_of_rounds(const WorkingSetRow& slot) const {
    return slot.report.rounds >= problem_.solve.max_rounds;
  }

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  ProblemScales scales_;
  WorkingSetSteps steps_;
  TargetSteps target_steps_;  ///< in their place where rows find their own penalty
  std::vector<WorkingSetRow> slots_;
  std::int64_t occupied_ = 0;
  std::int64_t list_capacity_ = 0;
  AlignedArray<std::int32_t> list_atoms_;
  AlignedArray<float> list_values_;
  std::vector<ScreenRow> screen_rows_;
  AlignedArray<std::int32_t> screen_scratch_;
  CertifyScratch certify_scratch_;
  std::vector<std::int32_t> refit_atoms_;
  std::vector<float> refit_weights_;
  std::vector<float> code_values_;
};

}  // namespace splice_cuda::cpu
