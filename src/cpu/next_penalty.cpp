// From one penalty of a path to the next: no first pass, no new tableau.

#include <algorithm>
#include <cmath>

#include "cpu/row_products.hpp"
#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr std::int64_t atoms_per_step = 16;    // violators that join at once
constexpr int most_steps = 12;                 // small problems a penalty, before the screening
constexpr std::int64_t largest_set = 224;      // beyond this, and ...
constexpr std::int32_t most_pivots = 400;      // ... after so many roundings, a new tableau is cheaper than the old one
constexpr float near_share = 0.2f;             // of lambda: atoms this near to it come along into a new tableau
constexpr float pivot_floor = 1e-4f;           // as in working_set_row.cpp

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void WorkingSetSteps::continue_at(WorkingSetRow& row, double lambda) {
  const auto penalty = static_cast<float>(lambda);
  row.misses = 0;
  row.pivots += row.report.iterations;
  row.report = {};
  row.phase = RowPhase::certifying;
  const bool solved_elsewhere = row.set.size == 0 && !row.code_atoms.empty();
  if (row.set.size > largest_set || row.pivots > most_pivots || solved_elsewhere) {
    std::vector<std::int32_t> atoms = row.code_atoms;
    for (std::int64_t k = 0; k < row.set.size && !solved_elsewhere; ++k) {
      if (row.set.in_support[at(k)] == 0 && row.set.value[at(k)] < near_share * penalty) atoms.push_back(row.set.atoms[at(k)]);
    }
    row.lambda = lambda;
    row.pivots = 0;
    start_from(row, atoms.data(), static_cast<std::int64_t>(atoms.size()));
  } else {
    scratch_.begin_row(row.set);
    change_lambda(row.set, static_cast<float>(lambda - row.lambda));
    row.lambda = lambda;
    row.report.iterations += static_cast<std::int32_t>(solve_tableau(row.set, 1e-5f * penalty, pivot_floor));
    update_residual(row);
  }
  scratch_.candidates = row.path_candidates;
  for (int step = 0; step < most_steps; ++step) {
    const QuantizedRow quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
    scratch_.products.resize(scratch_.candidates.size());
    dot_atoms_int8(dictionary_, scratch_.candidates.data(), static_cast<std::int64_t>(scratch_.candidates.size()),
                   row.q.get(), quantized, scratch_.products.data());
    if (pick(1.01f * penalty, atoms_per_step) == 0) break;
    const auto joining = static_cast<std::int64_t>(scratch_.picks.size());
    if (row.set.size + joining > working_set_limit) break;
    dot_atoms(dictionary_, scratch_.picks.data(), joining, row.r.get(), scratch_.pick_values.data());
    drop_weak_candidates(penalty);
    add_atoms(row);
    row.report.iterations += static_cast<std::int32_t>(solve_tableau(row.set, 1e-5f * penalty, pivot_floor));
    update_residual(row);
  }
}

}  // namespace splice_cuda::cpu
