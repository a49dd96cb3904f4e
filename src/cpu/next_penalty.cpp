// From one penalty of a path to the next: no first pass, no new tableau.

#include <algorithm>
#include <cmath>

#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr std::int64_t largest_set = 224;      // beyond this, and ...
constexpr std::int32_t most_pivots = 400;      // ... after so many roundings, a new tableau is cheaper than the old one
constexpr float near_share = 0.2f;             // of lambda: atoms this near to it come along into a new tableau

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

/// What the list of a certifying round says of the next penalty: atoms near it. continue_at leaves out those of the set then.
void WorkingSetSteps::note_candidates(WorkingSetRow& row) {
  row.next_candidates.clear();
  if (row.next_lambda == 0) return;
  const std::int64_t count = find_listed(row, next_threshold * static_cast<float>(row.next_lambda), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    row.next_candidates.push_back(row.list.atoms[scratch_.places[at(i)]]);
  }
}

void WorkingSetSteps::continue_at(WorkingSetRow& row, double lambda) {
  const auto penalty = static_cast<float>(lambda);
  row.misses = 0;
  row.pivots += row.report.iterations;
  row.report = {};
  const bool solved_elsewhere = row.set.size == 0 && !row.code_atoms.empty();
  const bool listed_before = row.next_lambda > 0 && !row.exactly;
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
  if (!listed_before) {
    row.phase = RowPhase::refining;
    row.margin_level = refined_level;
    return;
  }
  scratch_.candidates.clear();
  for (const std::int32_t atom : row.next_candidates) {
    if (!scratch_.contains(atom)) scratch_.candidates.push_back(atom);
  }
  scratch_.products.resize(scratch_.candidates.size());
  Selection candidates{scratch_.candidates.data(), scratch_.products.data(),
                       static_cast<std::int64_t>(scratch_.candidates.size()), !problem_.nonnegative};
  correlate(row, candidates);
  solve_best(row, candidates);
}

}  // namespace splice_cuda::cpu
