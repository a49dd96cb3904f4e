#include "cpu/working_set_row.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/lasso_math.hpp"
#include "core/screen_math.hpp"
#include "cpu/row_products.hpp"
#include "cpu/select.hpp"
#include "cpu/tableau_solution.hpp"

namespace splice_cuda::cpu {
namespace {

// Sizes and margins below were chosen on text15k and on a synthetic d = 512 set; see docs/design.md.
constexpr std::int64_t first_list_size = 2048;   // candidates kept after the first pass
constexpr std::int64_t first_set_size = 24;     // atoms the first small problem starts with
constexpr std::int64_t atoms_per_step = 16;     // violators that join at once
constexpr int first_steps = 12;                  // small problems of the first pass
constexpr int certifying_steps = 12;            // small problems of a certifying round
constexpr int newton_steps = 6;
constexpr float weak_candidate = 0.75f;         // of lambda: see pick_listed
// Of lambda, the movement expected after the first pass, the same where that made the list overflow, and after a
// certifying round.
constexpr std::array<double, margin_levels> margins = {0.3, 0.12, 0.04};
constexpr float first_threshold = 0.08f;         // of |z| ~ 1: correlations below never start a set
constexpr float pivot_floor = 1e-4f;            // of the Gram diagonal; float32 Gram entries err by 1e-6
constexpr int most_misses = 4;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

bool list_overflows(WorkingSetRow& row) {
  const bool overflows = row.list.count > row.list.capacity;
  if (!overflows) {
    row.margin_level = margin_levels - 1;
  } else if (row.margin_level + 1 < margin_levels) {
    ++row.margin_level;
  } else {
    row.phase = RowPhase::exact;
  }
  return overflows;
}

void WorkingSetScratch::begin_row(const Tableau<float>& set) {
  if (++stamp_ == 0x7fffffff) {
    std::fill(stamps_.begin(), stamps_.end(), 0);
    stamp_ = 1;
  }
  for (std::int64_t k = 0; k < set.size; ++k) insert(set.atoms[at(k)]);
}

WorkingSetSteps::WorkingSetSteps(const CpuDictionary& dictionary, const Problem& problem,
                                 const ProblemScales& scales)
    : dictionary_(dictionary), problem_(problem), scales_(scales), scratch_(dictionary.size) {
  if (dictionary.dtype == DType::float32) return;
  for (std::vector<float>& row : scratch_.pair) row.resize(at(dictionary.ld));
}

void WorkingSetSteps::plan_screen(WorkingSetRow& row) const {
  row.quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
  const double lambda = row.lambda;
  const double atom_norm = static_cast<double>(scales_.atom_norm);
  double threshold = 0;
  if (row.phase == RowPhase::first_pass) {
    threshold = std::max(row.first_lambda, static_cast<double>(first_threshold) * atom_norm);
  } else {
    const math::ScreenLimits limits = math::screen_limits(lambda, margins[static_cast<std::size_t>(row.margin_level)],
                                                          static_cast<double>(row.quantized.error), atom_norm);
    if (!limits.useful) {
      row.phase = RowPhase::exact;
      return;
    }
    threshold = limits.threshold;
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

/// Adds scratch_.picks to the working set. pick_values hold c_j.r (its sign chooses the factor's).
void WorkingSetSteps::add_atoms(WorkingSetRow& row) {
  const auto count = static_cast<std::int64_t>(scratch_.picks.size());
  const std::int64_t total = row.set.size + count;
  scratch_.factors.resize(at(count));
  scratch_.values.resize(at(count));
  scratch_.atoms.assign(row.set.atoms.begin(), row.set.atoms.begin() + row.set.size);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t atom = scratch_.picks[at(i)];
    const float correlation = scratch_.pick_values[at(i)];
    const float factor = correlation < 0 && !problem_.nonnegative ? -inverse_weight(atom)
                                                                  : inverse_weight(atom);
    scratch_.factors[at(i)] = factor;
    scratch_.values[at(i)] = static_cast<float>(row.lambda) - factor * correlation;
    scratch_.atoms.push_back(atom);
    scratch_.insert(atom);
  }
  scratch_.gram.resize(at(count * total));
  for (std::int64_t i = 0; i < count; i += 2) {
    const std::int64_t last = std::min(i + 1, count - 1);  // an odd one is done twice
    const std::int64_t known = row.set.size + last + 1;    // products with later ones are theirs: G is symmetric
    dot_atoms_twice(dictionary_, scratch_.atoms.data(), known,
                    dictionary_.float_atom(scratch_.picks[at(i)], scratch_.pair[0].data()),
                    dictionary_.float_atom(scratch_.picks[at(last)], scratch_.pair[1].data()),
                    scratch_.gram.data() + i * total, scratch_.gram.data() + last * total);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = i + 1; k < count; ++k) {
      scratch_.gram[at(i * total + row.set.size + k)] = scratch_.gram[at(k * total + row.set.size + i)];
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    float* gram = scratch_.gram.data() + i * total;
    const float factor = scratch_.factors[at(i)];
    for (std::int64_t k = 0; k < row.set.size; ++k) gram[k] *= factor * row.set.factors[at(k)];
    for (std::int64_t k = 0; k < count; ++k) gram[row.set.size + k] *= factor * scratch_.factors[at(k)];
  }
  append_atoms(row.set, scratch_.picks.data(), scratch_.factors.data(), count, scratch_.gram.data(),
               total, scratch_.values.data());
}

/// Of scratch_.candidates / products (c_j.r): those outside the set whose weighted correlation exceeds `threshold`,
/// at most `most` of them, the best, become picks.
std::int64_t WorkingSetSteps::pick(float threshold, std::int64_t most) {
  scratch_.picks.clear();
  scratch_.pick_values.clear();
  scratch_.values.clear();
  for (std::size_t i = 0; i < scratch_.candidates.size(); ++i) {
    const std::int32_t atom = scratch_.candidates[i];
    const float product = scratch_.products[i];
    const float value = (problem_.nonnegative ? product : std::abs(product)) * inverse_weight(atom);
    if (!(value > threshold) || scratch_.contains(atom)) continue;
    scratch_.picks.push_back(atom);
    scratch_.pick_values.push_back(product);
    scratch_.values.push_back(value);
  }
  const auto found = static_cast<std::int64_t>(scratch_.picks.size());
  if (found <= most) return found;
  const float limit = best_threshold(scratch_.values.data(), found, most, false);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < found; ++i) {
    if (!(scratch_.values[at(i)] > limit)) continue;
    scratch_.picks[at(kept)] = scratch_.picks[at(i)];
    scratch_.pick_values[at(kept)] = scratch_.pick_values[at(i)];
    ++kept;
  }
  if (kept == 0) kept = most;  // all alike: the first ones
  scratch_.picks.resize(at(kept));
  scratch_.pick_values.resize(at(kept));
  return kept;
}

/// The best of the list, in its own memory; values are correlations over a_j.
Selection WorkingSetSteps::best_candidates(WorkingSetRow& row) {
  CandidateList& list = row.list;
  Selection best{list.atoms, list.values, std::min(list.count, list.capacity), !problem_.nonnegative};
  if (best.count <= first_list_size) return best;
  const float limit = best_threshold(best.values, best.count, first_list_size, best.both_signs);
  scratch_.picks.resize(at(best.count + taken_slack));
  take_above(best, 3e38f, limit, scratch_.picks.data());
  return best;
}

/// Candidates above `threshold`, at most `most` of them, the best, become picks. Those below `weak` leave the list:
/// what is far below lambda at the present residual hardly comes back, and the next pass over all atoms finds what does.
std::int64_t WorkingSetSteps::pick_listed(Selection& candidates, float threshold, float weak, std::int64_t most) {
  const float limit = best_threshold(candidates.values, candidates.count, most, candidates.both_signs, threshold);
  scratch_.picks.resize(at(candidates.count + taken_slack));
  std::int64_t picked = take_above(candidates, limit, weak, scratch_.picks.data());
  if (picked == 0 && limit > threshold) {  // all alike: the first ones
    picked = std::min(take_above(candidates, threshold, weak, scratch_.picks.data()), most);
  }
  scratch_.picks.resize(at(picked));
  return picked;
}

/// The candidates' values at the present residual, in int8.
void WorkingSetSteps::correlate(WorkingSetRow& row, Selection& candidates) const {
  const QuantizedRow quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
  dot_atoms_int8(dictionary_, scales_.screen_weights.get(), candidates.atoms, candidates.count, row.q.get(), quantized,
                 candidates.values);
}

/// Solves with the picks in the set, and exact correlations for these few; not to the end, as refine does.
void WorkingSetSteps::join_picks(WorkingSetRow& row) {
  scratch_.pick_values.resize(scratch_.picks.size());
  dot_atoms(dictionary_, scratch_.picks.data(), static_cast<std::int64_t>(scratch_.picks.size()), row.r.get(),
            scratch_.pick_values.data());
  add_atoms(row);
  solve_roughly(row);
}

void WorkingSetSteps::solve_roughly(WorkingSetRow& row) {
  const float tolerance = 1e-5f * static_cast<float>(row.lambda);
  row.report.iterations += static_cast<std::int32_t>(solve_tableau(row.set, tolerance, pivot_floor));
  update_residual(row);
}

void WorkingSetSteps::solve_first(WorkingSetRow& row) {
  row.set.clear();
  scratch_.begin_row(row.set);
  const float lambda = static_cast<float>(row.lambda);
  Selection candidates = best_candidates(row);  // the screened values are correlations with z already
  if (!problem_.path.empty()) row.path_candidates.assign(candidates.atoms, candidates.atoms + candidates.count);
  for (int step = 0; step < first_steps; ++step) {
    const bool start = step == 0;
    if (pick_listed(candidates, start ? lambda : lambda * 1.02f, start ? -3e38f : weak_candidate * lambda,
                    start ? first_set_size : atoms_per_step) == 0) {
      break;
    }
    if (row.set.size + static_cast<std::int64_t>(scratch_.picks.size()) > working_set_limit) break;
    join_picks(row);
    correlate(row, candidates);
  }
  row.phase = RowPhase::certifying;
}

void WorkingSetSteps::start_from(WorkingSetRow& row, const std::int32_t* atoms, std::int64_t count) {
  row.set.clear();
  scratch_.begin_row(row.set);
  scratch_.picks.clear();
  for (std::int64_t i = 0; i < count && i < working_set_limit; ++i) {
    if (inverse_weight(atoms[i]) > 0) scratch_.picks.push_back(atoms[i]);
  }
  row.phase = RowPhase::certifying;
  if (scratch_.picks.empty()) return;
  std::copy_n(row.z.get(), dictionary_.ld, row.r.get());
  join_picks(row);
}

/// Newton steps with residuals computed from the atoms themselves: the tableau's float32 inverse is only a
/// preconditioner, its error does not stay in the answer.
void WorkingSetSteps::refine(WorkingSetRow& row) {
  const float lambda = static_cast<float>(row.lambda);
  const float allowed = slack(row);
  Tableau<float>& set = row.set;
  for (int step = 0; step < newton_steps; ++step) {
    update_residual(row);
    scratch_.products.resize(at(set.size));
    dot_atoms(dictionary_, set.atoms.data(), set.size, row.r.get(), scratch_.products.data());
    const float worst = read_slacks(set, lambda, !problem_.nonnegative, scratch_.products.data());
    if (!(worst > allowed)) return;
    newton_step(set, scratch_.products.data());
    row.report.iterations +=
        static_cast<std::int32_t>(solve_tableau(set, 0.5f * allowed, pivot_floor));
  }
  update_residual(row);
}

/// How far the residual has moved since it was screened: upper bound.
float WorkingSetSteps::moved(const WorkingSetRow& row) const {
  return distance_to_quantized(row.r.get(), row.q.get(), row.quantized.scale, dictionary_.ld) * (1 + 1e-5f);
}

/// Listed atoms that may violate at the present residual are looked at exactly; the worst join the set.
bool WorkingSetSteps::add_violators(WorkingSetRow& row) {
  const float lambda = static_cast<float>(row.lambda);
  const float distance = moved(row);
  scratch_.candidates.clear();
  for (std::int64_t i = 0; i < row.list.count; ++i) {
    const std::int32_t atom = row.list.atoms[i];
    const float value = problem_.nonnegative ? row.list.values[i] : std::abs(row.list.values[i]);
    const float bound = math::screened_upper_bound(value, scales_.screen_error[at(atom)], row.quantized.norm,
                                                   scales_.atom_norm, distance);
    if (bound > lambda && !scratch_.contains(atom)) scratch_.candidates.push_back(atom);
  }
  scratch_.products.resize(scratch_.candidates.size());
  dot_atoms(dictionary_, scratch_.candidates.data(), static_cast<std::int64_t>(scratch_.candidates.size()),
            row.r.get(), scratch_.products.data());
  if (pick(lambda + slack(row), 2 * atoms_per_step) == 0) return false;
  if (row.set.size + static_cast<std::int64_t>(scratch_.picks.size()) > working_set_limit) {
    row.phase = RowPhase::exact;
    return false;
  }
  add_atoms(row);
  return true;
}

void WorkingSetSteps::solve_certifying(WorkingSetRow& row) {
  scratch_.begin_row(row.set);
  if (list_overflows(row)) return;
  const float lambda = static_cast<float>(row.lambda);
  bool settled = false;
  refine(row);
  for (int step = 0; step < certifying_steps && !settled; ++step) {
    if (!add_violators(row)) {
      settled = true;
      break;
    }
    row.report.iterations +=
        static_cast<std::int32_t>(solve_tableau(row.set, 1e-6f * lambda, pivot_floor));
    refine(row);
  }
  if (row.phase == RowPhase::exact) return;
  row.claims = settled && row.unlisted_bound + scales_.atom_norm * moved(row) <= lambda;
  if (row.claims) read_code(row.set, row.code_atoms, row.code_weights);
  if (++row.misses > most_misses && !row.claims) row.phase = RowPhase::exact;
}

}  // namespace splice_cuda::cpu
