#include "cpu/working_set_row.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/lasso_math.hpp"
#include "core/screen_math.hpp"
#include "cpu/int8_products.hpp"
#include "cpu/row_products.hpp"
#include "cpu/select.hpp"
#include "cpu/tableau_solution.hpp"

namespace splice_cuda::cpu {
namespace {

// Sizes and margins below were chosen on text15k and on a synthetic d = 512 set; see docs/design.md.
constexpr std::int64_t largest_whole_list = 768;  // candidates of the first small problems; of a longer list ...
constexpr std::int64_t first_list_size = 384;   // ... so many: another pass finds what they lack
constexpr float refined_threshold = 0.95f;      // of lambda: what that pass lists
constexpr std::int64_t first_set_size = 24;     // atoms the first small problem starts with, at most, ...
constexpr std::int64_t first_set_share = 8;     // ... and this part of the list: solutions have a tenth to a twentieth of it
constexpr std::int64_t smallest_first_set = 8;
constexpr std::int64_t atoms_per_step = 16;     // violators that join at once
constexpr int rough_steps = 3;                  // small problems of a first pass that a refining one follows ...
constexpr int first_steps = 12;                 // ... and of any pass that the certifying one follows
constexpr int certifying_steps = 12;            // small problems of a certifying round
constexpr int newton_steps = 8;
constexpr float hopeless = 64;                  // times the allowed slack: more than float32 sums err by
constexpr float weak_candidate = 0.75f;         // of lambda: see pick_listed
// Of the bound |c - c^| |r^|, what a correlation hardly errs by: c - c^ is rounding that does not know of r, so that their
// product is some 1/sqrt(d) of the bound. The solver looks no further at first; what it overlooks, the certificate does not.
constexpr float likely_error = 0.25f;
constexpr float recentred_margin = 0.06f;       // of lambda, the movement expected of a support that has been settled once
// Of lambda, the movement expected by margin_level: of a row that starts from elsewhere, after a refining pass, after a first
// one alone, and after a certifying one; the next narrower one where the list overflowed.
constexpr std::array<double, margin_levels> margins = {0.3, 0.2, 0.12, 0.04};
constexpr float first_threshold = 0.08f;         // of |z| ~ 1: correlations below never start a set
constexpr int most_misses = 4;
constexpr int most_rough_misses = 2;             // before the set is solved over the atoms' own Gram matrix
constexpr int most_repeats = 2;                  // small problems without a new atom

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

bool list_overflows(WorkingSetRow& row) {
  const bool overflows = row.list.count > row.list.capacity;
  if (!overflows) {
    row.margin_level = margin_levels - 1;
  } else if (row.next_lambda > 0) {
    row.next_lambda = 0;
  } else if (row.margin_level + 1 < margin_levels) {
    ++row.margin_level;
  } else {
    row.phase = RowPhase::exact;
  }
  return overflows;
}

void WorkingSetScratch::begin_row(const Tableau<float>& set) {
  constexpr std::int32_t most_places = 512;
  static_assert(working_set_limit <= most_places);
  if (first_place_ > 0x7fffffff - 2 * most_places) {
    std::fill(places_.begin(), places_.end(), 0);
    first_place_ = 0;
  }
  first_place_ += most_places;
  for (std::int64_t k = 0; k < set.size; ++k) insert(set.atoms[at(k)], k);
}

WorkingSetSteps::WorkingSetSteps(const CpuDictionary& dictionary, const Problem& problem,
                                 const ProblemScales& scales)
    : dictionary_(dictionary), problem_(problem), scales_(scales), scratch_(dictionary.size) {
  scratch_.movement.resize(at(dictionary.ld));
  if (dictionary.dtype == DType::float32) return;
  for (std::vector<float>& row : scratch_.pair) row.resize(at(dictionary.ld));
}

void WorkingSetSteps::plan_screen(WorkingSetRow& row) const {
  row.quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
  row.fine_scale = 0;
  row.dropped_bound = -std::numeric_limits<float>::max();
  const double lambda = row.lambda;
  const double atom_norm = static_cast<double>(scales_.atom_norm);
  double threshold = 0;
  if (row.phase == RowPhase::first_pass) {
    threshold = std::max(problem_.target.given() ? 0 : lambda, static_cast<double>(first_threshold) * atom_norm);
  } else if (row.phase == RowPhase::refining) {
    threshold = static_cast<double>(refined_threshold) * lambda;
  } else {
    const math::ScreenLimits limits = math::screen_limits(lambda, margins[static_cast<std::size_t>(row.margin_level)],
                                                          static_cast<double>(row.quantized.error), atom_norm);
    if (!limits.useful) {
      row.phase = RowPhase::exact;
      return;
    }
    threshold = limits.threshold;
    if (row.next_lambda > 0) threshold = std::min(threshold, static_cast<double>(next_threshold) * row.next_lambda);
    row.unlisted_bound = static_cast<float>(limits.unlisted_bound);
  }
  row.list.count = 0;
  row.threshold = static_cast<float>(std::min(threshold, 1e37));
}

float WorkingSetSteps::slack(const WorkingSetRow& row) const {
  double weighted = 0;
  for (std::int64_t k = 0; k < row.set.size; ++k) {
    if (row.set.in_support[at(k)] != 0) weighted += std::abs(static_cast<double>(row.set.value[at(k)]));
  }
  return static_cast<float>(math::correlation_slack(problem_.solve.gap_tolerance, row.z_dot_z, weighted, row.lambda));
}

void WorkingSetSteps::update_residual(WorkingSetRow& row) {
  read_support(row.set, scratch_.atoms, scratch_.weights);
  residual(dictionary_, row.z.get(), scratch_.atoms.data(), scratch_.weights.data(),
           static_cast<std::int64_t>(scratch_.atoms.size()), row.r.get());
}

/// The best `most` of the candidates stay. @returns what the others do not exceed
float WorkingSetSteps::keep_best(Selection& candidates, std::int64_t most) {
  const float limit = best_threshold(candidates.values, candidates.count, most, candidates.both_signs);
  if (candidates.count > most) take_above(candidates, 3e38f, limit, scratch_.room_to_take(candidates.count));
  return limit;
}

/// The list as candidates, in its own memory; values are correlations over a_j.
Selection WorkingSetSteps::listed(WorkingSetRow& row) const {
  return {row.list.atoms, row.list.values, std::min(row.list.count, row.list.capacity), !problem_.nonnegative};
}

/// The candidates' values at the present residual, in int8.
void WorkingSetSteps::correlate(WorkingSetRow& row, Selection& candidates) const {
  const QuantizedRow quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
  dot_atoms_int8(dictionary_, scales_.screen_weights.get(), candidates.atoms, candidates.count, row.q.get(), quantized,
                 candidates.values);
}

/// Whether lambda is so small that what int8 copies lose of correlations, some 0.0005 |z| |c|, would hide who is above it.
bool WorkingSetSteps::wants_precision(const WorkingSetRow& row) const {
  constexpr double share = 0.02;
  return row.lambda < share * static_cast<double>(scales_.atom_norm) * std::sqrt(row.z_dot_z);
}

void WorkingSetSteps::solve_set(WorkingSetRow& row, float tolerance) {
  row.report.iterations += static_cast<std::int32_t>(solve_tableau(row.set, tolerance, pivot_floor(row.precise)));
}

/// Solves with the picks in the set; not to the end, as refine does.
void WorkingSetSteps::join_picks(WorkingSetRow& row) {
  if (row.precise) correlate_picks(row.r.get());
  add_picks(row);
  solve_roughly(row);
}

/// The residual, too, is that of the int8 copies, which are in the caches already.
void WorkingSetSteps::solve_roughly(WorkingSetRow& row) {
  const float tolerance = 1e-5f * static_cast<float>(row.lambda);
  solve_set(row, tolerance);
  if (row.precise) {
    update_residual(row);
    return;
  }
  read_support(row.set, scratch_.atoms, scratch_.weights);
  residual_int8(dictionary_, row.z.get(), scratch_.atoms.data(), scratch_.weights.data(),
                static_cast<std::int64_t>(scratch_.atoms.size()), row.r.get());
}

/// Small problems: the best candidates join the set until none is above lambda, or so many of them have been solved.
void WorkingSetSteps::solve_among(WorkingSetRow& row, Selection& candidates, int steps) {
  const float lambda = static_cast<float>(row.lambda);
  const std::int64_t most_at_first = std::clamp(candidates.count / first_set_share, smallest_first_set, first_set_size);
  for (int step = 0; step < steps; ++step) {
    const bool start = row.set.size == 0;
    if (pick_listed(candidates, start ? lambda : lambda * 1.02f, start ? -3e38f : weak_candidate * lambda,
                    start ? most_at_first : atoms_per_step) == 0) {
      break;
    }
    if (row.set.size + static_cast<std::int64_t>(scratch_.picks.size()) > working_set_limit) break;
    join_picks(row);
    correlate(row, candidates);
  }
}

/// Small problems among the best candidates; of many, another pass over all atoms at the residual of these finds what else
/// matters.
void WorkingSetSteps::solve_best(WorkingSetRow& row, Selection& candidates) {
  const bool whole = candidates.count <= largest_whole_list ||
                     keep_best(candidates, first_list_size) <= static_cast<float>(row.lambda);
  solve_among(row, candidates, whole ? first_steps : rough_steps);
  row.margin_level = whole ? first_pass_level : refined_level;
  row.phase = whole ? RowPhase::certifying : RowPhase::refining;
}

void WorkingSetSteps::solve_first(WorkingSetRow& row) {
  row.set.clear();
  row.precise = wants_precision(row);
  scratch_.begin_row(row.set);
  Selection candidates = listed(row);  // the screened values are correlations with z already
  solve_best(row, candidates);
}

void WorkingSetSteps::solve_refining(WorkingSetRow& row) {
  scratch_.begin_row(row.set);
  Selection candidates = listed(row);
  std::int64_t others = 0;
  for (std::int64_t i = 0; i < candidates.count; ++i) {
    if (scratch_.contains(candidates.atoms[i])) continue;
    candidates.atoms[others] = candidates.atoms[i];
    candidates.values[others++] = candidates.values[i];
  }
  candidates.count = others;
  solve_among(row, candidates, first_steps);
  row.phase = RowPhase::certifying;
}

void WorkingSetSteps::start_from(WorkingSetRow& row, const std::int32_t* atoms, std::int64_t count) {
  row.set.clear();
  row.precise = wants_precision(row);
  scratch_.begin_row(row.set);
  scratch_.picks.clear();
  for (std::int64_t i = 0; i < count && i < working_set_limit; ++i) {
    if (inverse_weight(atoms[i]) > 0) scratch_.picks.push_back(atoms[i]);
  }
  row.phase = RowPhase::certifying;
  if (scratch_.picks.empty()) return;
  std::copy_n(row.z.get(), dictionary_.ld, row.r.get());
  if (!row.precise) {
    scratch_.pick_values.resize(scratch_.picks.size());
    Selection picks{scratch_.picks.data(), scratch_.pick_values.data(), static_cast<std::int64_t>(scratch_.picks.size()),
                    !problem_.nonnegative};
    correlate(row, picks);
  }
  join_picks(row);
}

/// y = lambda - c_k.r of the support's atoms from the atoms themselves, and what the tableau says of the others, into
/// scratch_.values [size]. @returns the largest |y| of the support
float WorkingSetSteps::read_support_slacks(WorkingSetRow& row) {
  const Tableau<float>& set = row.set;
  update_residual(row);
  scratch_.products.resize(scratch_.atoms.size());
  dot_atoms(dictionary_, scratch_.atoms.data(), static_cast<std::int64_t>(scratch_.atoms.size()), row.r.get(),
            scratch_.products.data());
  scratch_.values.assign(set.value.begin(), set.value.begin() + set.size);
  float worst = 0;
  std::size_t s = 0;
  for (std::int64_t k = 0; k < set.size; ++k) {
    if (set.in_support[at(k)] == 0) continue;
    const float y = static_cast<float>(row.lambda) - scratch_.products[s++] * set.factors[at(k)];
    scratch_.values[at(k)] = y;
    worst = std::max(worst, std::abs(y));
  }
  return worst;
}

/// Newton steps with residuals computed from the atoms themselves: the tableau's inverse is only a preconditioner, neither
/// its rounding nor that of the int8 copies stays in the answer. Atoms outside the support are left to add_violators.
/// @returns false where steps do not help: near-dependent atoms, whose copies differ in other directions than they do
bool WorkingSetSteps::refine(WorkingSetRow& row) {
  const float allowed = slack(row);
  for (int step = 0; step < newton_steps; ++step) {
    if (!(read_support_slacks(row) > allowed)) return true;
    newton_step(row.set, scratch_.values.data());
    solve_set(row, 0.5f * allowed);
  }
  return read_support_slacks(row) <= hopeless * allowed;
}

void WorkingSetSteps::settle_support(WorkingSetRow& row) {
  if (refine(row) || row.precise) return;
  rebuild_precisely(row);
  refine(row);
}

void WorkingSetSteps::settle(WorkingSetRow& row) {
  if (row.set.size == 0) return;
  scratch_.begin_row(row.set);
  settle_support(row);
}

/// By how much correlations may have changed since the residual was there: upper bound.
float WorkingSetSteps::moved(const WorkingSetRow& row, const QuantizedPoint& point) const {
  return scales_.atom_norm * distance_to_quantized(row.r.get(), point, dictionary_.ld) * (1 + 1e-5f);
}

/// What the screening says to violate joins before anything is computed exactly.
void WorkingSetSteps::join_listed(WorkingSetRow& row) {
  const auto lambda = static_cast<float>(row.lambda);
  if (pick({row.list.atoms, row.list.values, row.list.count}, lambda, 2 * atoms_per_step) == 0) return;
  if (row.set.size + static_cast<std::int64_t>(scratch_.picks.size()) > working_set_limit) return;
  add_picks(row);
  solve_set(row, 1e-5f * lambda);
}

/// Places of the listed atoms whose bound at the list's centre, with this share of their int8 copies' error, exceeds `limit`
/// into scratch_.places. @returns their number
std::int64_t WorkingSetSteps::find_listed(const WorkingSetRow& row, float limit, float error_share) {
  const CandidateList& list = row.list;
  scratch_.places.resize(std::max(scratch_.places.size(), at(list.count + taken_slack)));
  float rest = 0;
  return places_above({list.atoms, list.values, list.count, scales_.screen_error.get(), error_share * row.quantized.norm,
                       !problem_.nonnegative},
                      limit, scratch_.places.data(), &rest);
}

/// Brings the list to the present residual: its values are correlations with r^ = q + fine_q from here on, so that what
/// follows has to bound a small movement only. Atoms that the new margin does not need leave the list.
void WorkingSetSteps::recentre(WorkingSetRow& row) {
  for (std::size_t k = 0; k < scratch_.movement.size(); ++k) {
    scratch_.movement[k] = row.r[k] - row.quantized.scale * static_cast<float>(row.q[k]);
  }
  const QuantizedRow movement = quantize_row(scratch_.movement.data(), dictionary_.ld, row.fine_q.get());
  constexpr float rounding = 1 + 2e-6f;
  const float way = scales_.atom_norm * movement.norm * rounding;
  const float limit = (1 - recentred_margin) * static_cast<float>(row.lambda);
  CandidateList& list = row.list;
  const std::int64_t before = list.count;
  const std::int64_t count = find_listed(row, limit - way, 1);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t place = scratch_.places[at(i)];
    list.atoms[i] = list.atoms[place];
    list.values[i] = list.values[place];
  }
  list.count = count;
  scratch_.values.resize(at(count));
  dot_atoms_int8(dictionary_, scales_.screen_weights.get(), list.atoms, count, row.fine_q.get(), movement,
                 scratch_.values.data());
  for (std::int64_t i = 0; i < count; ++i) list.values[i] += scratch_.values[at(i)];
  if (count < before) row.dropped_bound = limit * rounding;
  row.quantized.norm = (row.quantized.norm + movement.norm) * rounding;
  row.fine_scale = movement.scale;
}

/// Listed atoms outside the support that may violate at the present residual.
void WorkingSetSteps::gather_candidates(const WorkingSetRow& row) {
  const float limit = static_cast<float>(row.lambda) - moved(row, row.centre());
  const std::int64_t count = find_listed(row, limit, row.misses == 0 ? likely_error : 1);
  scratch_.candidates.clear();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t atom = row.list.atoms[scratch_.places[at(i)]];
    if (scratch_.contains(atom) && row.set.in_support[at(scratch_.place(atom))] != 0) continue;
    scratch_.candidates.push_back(atom);
  }
}

/// Candidates that the set has get their exact y; those it has not stay candidates. @returns whether one violates
bool WorkingSetSteps::update_members(WorkingSetRow& row, float allowed) {
  const auto lambda = static_cast<float>(row.lambda);
  bool violated = false;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < scratch_.candidates.size(); ++i) {
    const std::int32_t atom = scratch_.candidates[i];
    const float product = scratch_.products[i];
    if (!scratch_.contains(atom)) {
      scratch_.candidates[kept] = atom;
      scratch_.products[kept++] = product;
      continue;
    }
    const std::int32_t place = scratch_.place(atom);
    float y = lambda - (row.set.factors[at(place)] < 0 ? -product : product);
    if (!problem_.nonnegative) y = turned_slack(row.set, place, lambda, y);
    row.set.value[at(place)] = y;
    violated |= y < -allowed;
  }
  scratch_.candidates.resize(kept);
  scratch_.products.resize(kept);
  return violated;
}

/// Listed atoms that may violate at the present residual are looked at exactly; the worst join the set.
Violators WorkingSetSteps::add_violators(WorkingSetRow& row) {
  gather_candidates(row);
  scratch_.products.resize(scratch_.candidates.size());
  dot_atoms(dictionary_, scratch_.candidates.data(), static_cast<std::int64_t>(scratch_.candidates.size()),
            row.r.get(), scratch_.products.data());
  for (std::size_t i = 0; i < scratch_.candidates.size(); ++i) {
    scratch_.products[i] *= inverse_weight(scratch_.candidates[i]);
  }
  const float allowed = slack(row);
  const bool violated = update_members(row, allowed);
  const Candidates candidates{scratch_.candidates.data(), scratch_.products.data(),
                              static_cast<std::int64_t>(scratch_.candidates.size())};
  if (pick(candidates, static_cast<float>(row.lambda) + allowed, 2 * atoms_per_step) == 0) {
    return violated ? Violators::in_set : Violators::none;
  }
  if (row.set.size + static_cast<std::int64_t>(scratch_.picks.size()) > working_set_limit) {
    row.phase = RowPhase::exact;
    return Violators::none;
  }
  add_picks(row);
  return Violators::joined;
}

void WorkingSetSteps::expect(const WorkingSetRow& row) {
  read_support(row.set, scratch_.atoms, scratch_.weights);
  prefetch_atoms(dictionary_, scratch_.atoms.data(), static_cast<std::int64_t>(scratch_.atoms.size()));
}

void WorkingSetSteps::solve_certifying(WorkingSetRow& row) {
  scratch_.begin_row(row.set);
  if (list_overflows(row)) return;
  const float lambda = static_cast<float>(row.lambda);
  note_candidates(row);
  join_listed(row);
  if (row.misses >= most_rough_misses && !row.precise) rebuild_precisely(row);
  settle_support(row);
  recentre(row);
  bool settled = false;
  int repeats = 0;
  for (int step = 0; step < certifying_steps && !settled; ++step) {
    const Violators violators = add_violators(row);
    // Atoms that depend on the support may keep violating by a hair. The certificate says whether that matters.
    const bool stuck = violators == Violators::in_set && ++repeats > most_repeats;
    settled = violators == Violators::none || (stuck && row.precise);
    if (settled) break;
    if (stuck) {  // int8 copies may depend on each other where the atoms do not
      rebuild_precisely(row);
      repeats = 0;
    } else {
      solve_set(row, 1e-6f * lambda);
    }
    settle_support(row);
  }
  if (row.phase == RowPhase::exact) return;
  row.claims = settled && row.unlisted_bound + moved(row, row.screened()) <= lambda &&
               row.dropped_bound + moved(row, row.centre()) <= lambda;
  if (row.claims) read_code(row.set, row.code_atoms, row.code_weights);
  if (++row.misses > most_misses && !row.claims) row.phase = RowPhase::exact;
}

}  // namespace splice_cuda::cpu
