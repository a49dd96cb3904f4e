// From one penalty of a path to the next: no first pass, no new tableau.

#include <algorithm>
#include <cmath>

#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr std::int64_t atoms_per_step = 16;    // violators that join at once
constexpr int most_steps = 12;                 // small problems a penalty, before the screening
constexpr std::int64_t largest_set = 224;      // beyond this, and ...
constexpr std::int32_t most_pivots = 400;      // ... after so many roundings, a new tableau is cheaper than the old one
constexpr float near_share = 0.2f;             // of lambda: atoms this near to it come along into a new tableau
constexpr float weak_share = 0.5f;             // of lambda: candidates below this are not looked at again

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void WorkingSetSteps::continue_at(WorkingSetRow& row, double lambda) {
  const auto penalty = static_cast<float>(lambda);
  row.misses = 0;
  row.margin_level = refined_level;  // neighbours of a path are near each other
  row.pivots += row.report.iterations;
  row.report = {};
  row.phase = RowPhase::certifying;
  const bool solved_elsewhere = row.set.size == 0 && !row.code_atoms.empty();
  const double before = row.lambda;
  row.lambda = lambda;
  const bool needs_precision = wants_precision(row) && !row.precise;
  if (row.set.size > largest_set || row.pivots > most_pivots || solved_elsewhere || needs_precision) {
    std::vector<std::int32_t> atoms = row.code_atoms;
    for (std::int64_t k = 0; k < row.set.size && !solved_elsewhere; ++k) {
      if (row.set.in_support[at(k)] == 0 && row.set.value[at(k)] < near_share * penalty) atoms.push_back(row.set.atoms[at(k)]);
    }
    row.pivots = 0;
    start_from(row, atoms.data(), static_cast<std::int64_t>(atoms.size()));
  } else {
    scratch_.begin_row(row.set);
    lambda_gains(row.set, scratch_.gains);
    lower_lambda(row.set, scratch_.gains, static_cast<float>(before - lambda));
    solve_roughly(row);
  }
  scratch_.candidates.clear();
  for (const std::int32_t atom : row.path_candidates) {
    if (!scratch_.contains(atom)) scratch_.candidates.push_back(atom);
  }
  scratch_.products.resize(scratch_.candidates.size());
  Selection candidates{scratch_.candidates.data(), scratch_.products.data(),
                       static_cast<std::int64_t>(scratch_.candidates.size()), !problem_.nonnegative};
  for (int step = 0; step < most_steps; ++step) {
    correlate(row, candidates);
    const std::int64_t joining = pick_listed(candidates, 1.01f * penalty, weak_share * penalty, atoms_per_step);
    if (joining == 0 || row.set.size + joining > working_set_limit) break;
    join_picks(row);
  }
  settle_support(row);  // margins are narrow here: int8 copies' error would use them up
}

}  // namespace splice_cuda::cpu
