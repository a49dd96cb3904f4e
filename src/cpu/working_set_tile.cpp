#include "cpu/working_set_tile.hpp"

#include <algorithm>
#include <cmath>

#include "cpu/exact_row.hpp"
#include "cpu/load_row.hpp"
#include "cpu/refit.hpp"
#include "cpu/tableau_solution.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr std::int64_t largest_list = 4096;
// Of a larger dictionary, this share: as many atoms again come as near to lambda.
constexpr std::int64_t list_share = 16;
// Enough to screen a panel of atoms many times while it lies in the first-level cache; more gained nothing and
// costs each row's list and working set.
constexpr std::int64_t preferred_rows = 64;
// A long path takes a row a tenth of a second and more, beside which its share of a screening is nothing. A caller is asked whether to
// go on between rounds of a tile: 64 such rows would keep Ctrl-C waiting.
constexpr std::int64_t rows_of_long_paths = screen_group;
constexpr std::int32_t long_path = 64;  // atoms of target_l0
// Rounds that may claim and miss their certificate before the fp64 path takes the row.
constexpr std::int32_t most_unproven = 6;

std::int64_t list_capacity(const CpuDictionary& dictionary) {
  return std::min(std::max(largest_list, dictionary.size / list_share), dictionary.panels * panel_atoms);
}

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Beyond these, float32 thresholds mean nothing; the fp64 path decides.
bool within_float32(double lambda) { return lambda > 1e-12 && lambda < 1e12; }

}  // namespace

TileCost working_set_tile_cost(const CpuDictionary& dictionary, const Problem& problem) {
  TileCost cost;
  // Over all atoms: screening weights and errors, membership stamps (12 bytes); the fp64 path's correlations, members and
  // violators (25); lists and products of its certificate (28). And its tableau (twice, while it grows).
  const std::size_t exact_set = size(exact_set_limit(dictionary));
  cost.fixed_bytes = size(dictionary.size) * 65 + 2 * exact_set * exact_set * sizeof(double) + 65536 +
                     size(screen_scratch_size(dictionary.ld, 1)) * sizeof(std::int32_t) +
                     size(dictionary.ld) * 2 * working_set_limit;  // and rows for Gram matrices
  // A path's Gram matrix and tableau, likewise; then rows have no tableau of their own, but a list of atoms.
  if (problem.target.given()) cost.fixed_bytes += 4 * exact_set * exact_set * sizeof(double);
  const std::size_t set = size(std::min(round_up(dictionary.size, tableau_multiple), working_set_limit));
  cost.row_bytes = size(dictionary.ld) * 12 + size(list_capacity(dictionary) + list_slack) * 8 +
                   set * (set + 3 * most_queued) * sizeof(float) + sizeof(WorkingSetRow);
  cost.preferred_rows = problem.target.l0 > long_path ? rows_of_long_paths : preferred_rows;
  cost.row_multiple = screen_group;
  return cost;
}

WorkingSetTile::WorkingSetTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
    : dictionary_(dictionary),
      problem_(problem),
      scales_(make_problem_scales(dictionary, problem)),
      steps_(dictionary, problem, scales_),
      target_steps_(dictionary, problem, scales_),
      slots_(size(rows)),
      list_capacity_(list_capacity(dictionary)) {
  const std::int64_t list_size = list_capacity_ + list_slack;
  list_atoms_ = make_aligned<std::int32_t>(size(rows * list_size), "candidate lists");
  list_values_ = make_aligned<float>(size(rows * list_size), "candidate lists");
  screen_rows_.resize(size(rows));
  screen_scratch_ = make_aligned<std::int32_t>(size(screen_scratch_size(dictionary.ld, rows)), "screening scratch");
  for (std::int64_t i = 0; i < rows; ++i) {
    WorkingSetRow& slot = slots_[size(i)];
    slot.z = make_aligned<float>(size(dictionary.ld), "a row");
    slot.r = make_aligned<float>(size(dictionary.ld), "a row's residual");
    slot.q = make_aligned<std::int8_t>(size(dictionary.ld), "a row's int8 residual");
    slot.fine_q = make_aligned<std::int8_t>(size(dictionary.ld), "a row's int8 residual");
    slot.list = {list_atoms_.get() + i * list_size, list_values_.get() + i * list_size, 0,
                 list_capacity_};
  }
}

void WorkingSetTile::prepare(std::int64_t first_row, std::int64_t count) {
  for (WorkingSetRow& slot : slots_) {
    if (count == 0) break;
    if (slot.phase != RowPhase::idle) continue;
    load(slot, first_row++);
    --count;
    ++occupied_;
  }
}

void WorkingSetTile::load(WorkingSetRow& slot, std::int64_t row) {
  slot.row = row;
  slot.step = 0;
  slot.pivots = 0;
  slot.claims = false;
  slot.exactly = false;
  slot.precise = false;
  slot.misses = 0;
  slot.margin_level = 0;
  slot.report = {};
  slot.code_atoms.clear();
  slot.code_weights.clear();
  slot.path_atoms.clear();
  slot.path_candidates.clear();
  slot.next_candidates.clear();
  slot.path_verified.clear();
  const LoadedRow loaded = load_row(problem_.embeddings, row, slot.z.get(), dictionary_.ld);
  slot.exponent = loaded.exponent;
  slot.z_dot_z = loaded.z_dot_z;
  slot.phase = RowPhase::finished;
  if (report_irregular_row(loaded.kind, slot.report)) return;
  if (problem_.target.given()) {
    target_steps_.begin(slot);
  } else {
    slot.lambda = std::ldexp(problem_.lambda(row), loaded.exponent);
  }
  slot.next_lambda = next_lambda(slot);
  start(slot);
}

void WorkingSetTile::start(WorkingSetRow& slot) {
  std::copy_n(slot.z.get(), dictionary_.ld, slot.r.get());
  slot.set.clear();
  slot.phase = RowPhase::first_pass;
  if (!within_float32(slot.lambda)) slot.phase = RowPhase::exact;
  if (problem_.warm_start == nullptr || slot.phase == RowPhase::exact) return;
  const auto atoms = problem_.warm_start->row_atoms(slot.row);
  if (!atoms.empty()) {
    steps_.start_from(slot, atoms.data(), static_cast<std::int64_t>(atoms.size()));
  }
}

void WorkingSetTile::screen() {
  std::int64_t count = 0;
  for (WorkingSetRow& slot : slots_) {
    if (slot.phase == RowPhase::idle || slot.phase == RowPhase::exact || slot.phase == RowPhase::finished) continue;
    steps_.plan_screen(slot);
    if (slot.phase == RowPhase::exact) continue;
    ++slot.report.rounds;
    ScreenRow& row = screen_rows_[size(count)];
    row.q = slot.q.get();
    row.scale = slot.quantized.scale;
    row.scaled_threshold = row.scale > 0 ? slot.threshold / row.scale : 3e38f;
    const bool bounded = slot.phase == RowPhase::certifying && row.scale > 0;
    row.scaled_norm = bounded ? slot.quantized.norm / row.scale : 0;
    row.bias = -128 * slot.quantized.sum;
    row.list = &slot.list;
    ++count;
  }
  screen_tile(dictionary_, scales_.atom_scales(), !problem_.nonnegative, count, screen_rows_.data(), screen_scratch_.get());
}

/// One round of the row.
void WorkingSetTile::solve(WorkingSetRow& slot) {
  const bool target = problem_.target.given();
  switch (slot.phase) {
    case RowPhase::first_pass:
      target ? target_steps_.solve_first(slot) : steps_.solve_first(slot);
      break;
    case RowPhase::refining: steps_.solve_refining(slot); break;
    case RowPhase::certifying: target ? target_steps_.solve_certifying(slot) : steps_.solve_certifying(slot); break;
    case RowPhase::exact:
    case RowPhase::idle:
    case RowPhase::finished: break;
  }
  if (slot.phase != RowPhase::exact || out_of_rounds(slot)) return;
  const std::int32_t rounds = problem_.solve.max_rounds - slot.report.rounds;
  target ? target_steps_.solve_exactly(slot, rounds) : solve_exactly(dictionary_, problem_, scales_.atom_norm, slot, rounds);
  slot.claims = true;
}

void WorkingSetTile::solve() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    WorkingSetRow& slot = slots_[i];
    if (slot.phase == RowPhase::idle || slot.phase == RowPhase::finished) continue;
    if (i + 1 < slots_.size() && slots_[i + 1].phase == RowPhase::certifying) steps_.expect(slots_[i + 1]);
    solve(slot);
    if (!slot.claims && out_of_rounds(slot)) {
      if (!problem_.target.given()) {
        steps_.settle(slot);
        read_code(slot.set, slot.code_atoms, slot.code_weights);
      }
      slot.phase = RowPhase::exact;
      slot.claims = true;
    }
    if (slot.claims) certify(slot);  // while its atoms are in the caches: those of a tile's rows do not fit
  }
}

/// Half-form figures of the scaled problem back to the row's own units; status from the tolerance.
void WorkingSetTile::settle(WorkingSetRow& slot, double half_z_dot_z) {
  RowReport& report = slot.report;
  const bool certified = report.gap <= problem_.solve.gap_tolerance * half_z_dot_z;
  slot.claims = false;
  slot.exactly = slot.phase == RowPhase::exact;
  if (!certified && slot.phase != RowPhase::exact && !out_of_rounds(slot)) {
    if (slot.misses > most_unproven) slot.phase = RowPhase::exact;  // it claims again and again what it can't prove
    return;
  }
  report.status = certified ? RowStatus::certified : RowStatus::budget_exhausted;
  unscale_report(report, slot.exponent);
  slot.phase = RowPhase::finished;
}

void WorkingSetTile::certify(WorkingSetRow& slot) {
  round_code(slot.exponent, slot.code_atoms, slot.code_weights);
  const CodeToCertify code{slot.z.get(), slot.lambda, slot.code_atoms, slot.code_weights};
  if (slot.phase == RowPhase::exact) {
    return settle(slot, certify_over_all_atoms(dictionary_, problem_, code, certify_scratch_, slot.report));
  }
  const ScreenedBounds bounds{slot.screened(),     slot.centre(),      slot.quantized.norm, scales_.screen_error.get(),
                              slot.unlisted_bound, slot.dropped_bound, scales_.atom_norm,   &slot.list};
  settle(slot, certify_screened(dictionary_, problem_, code, bounds, certify_scratch_, slot.report));
}

/// On the API's scale. With a target, any is as good as another for a row without an embedding.
double WorkingSetTile::penalty_of(const WorkingSetRow& slot) const {
  if (!problem_.target.given()) return problem_.penalty(slot.row, slot.step);
  if (slot.report.status == RowStatus::zero_embedding || slot.report.status == RowStatus::non_finite_input) return 1;
  return std::ldexp(2 * slot.lambda, -slot.exponent);  // exact: lambda came from a float32 of that scale
}

void WorkingSetTile::hand_over(WorkingSetRow& slot, RowSink& sink) {
  // A path goes on from the penalised solution's support, of which least squares may drop some.
  std::vector<std::int32_t>& atoms = problem_.refit ? refit_atoms_ : slot.code_atoms;
  std::vector<float>& weights = problem_.refit ? refit_weights_ : slot.code_weights;
  if (problem_.refit) {
    atoms = slot.code_atoms;
    weights = slot.code_weights;
    refit_row(dictionary_, slot.z.get(), problem_.nonnegative, atoms, weights);
    round_code(slot.exponent, atoms, weights);
  }
  code_values_.resize(weights.size());
  for (std::size_t i = 0; i < code_values_.size(); ++i) {
    code_values_[i] = std::ldexp(weights[i], -slot.exponent);  // exact: see round_code
  }
  slot.report.l1_penalty = penalty_of(slot);
  sink.accept({slot.row, slot.step, atoms, code_values_, slot.report});
}

/// Of the path's next penalty; 0 at its end.
double WorkingSetTile::next_lambda(const WorkingSetRow& slot) const {
  return slot.step + 1 < problem_.steps() ? std::ldexp(problem_.lambda(slot.row, slot.step + 1), slot.exponent) : 0;
}

/// To the next penalty of the path. @returns whether there is one
bool WorkingSetTile::advance(WorkingSetRow& slot) {
  if (++slot.step >= problem_.steps()) return false;
  const RowStatus status = slot.report.status;
  if (status == RowStatus::zero_embedding || status == RowStatus::non_finite_input) return true;  // finished at every one
  const double lambda = std::ldexp(problem_.lambda(slot.row, slot.step), slot.exponent);
  if (slot.exactly) slot.set.clear();  // the working set has not heard of that solution
  steps_.continue_at(slot, lambda);
  slot.next_lambda = next_lambda(slot);
  if (!within_float32(slot.lambda)) slot.phase = RowPhase::exact;
  return true;
}

void WorkingSetTile::compact(RowSink& sink) {
  for (WorkingSetRow& slot : slots_) {
    while (slot.phase == RowPhase::finished) {
      hand_over(slot, sink);
      if (advance(slot)) continue;
      slot.phase = RowPhase::idle;
      --occupied_;
    }
  }
}

}  // namespace splice_cuda::cpu
