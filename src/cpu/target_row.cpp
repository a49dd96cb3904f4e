#include "cpu/target_row.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "core/path_math.hpp"
#include "cpu/certify_row.hpp"
#include "cpu/exact_row.hpp"
#include "cpu/int8_products.hpp"
#include "cpu/quantize.hpp"
#include "cpu/row_products.hpp"
#include "cpu/select.hpp"
#include "cpu/tableau_solution.hpp"

namespace splice_cuda::cpu {
namespace {

using math::lambda_of;
using math::moved_by;
using math::path_newton_tolerance;
using math::path_violation;
using math::penalty_beside;

constexpr std::int64_t first_list_size = 1024;  // candidates kept after the first pass: all atoms of small dictionaries
constexpr std::size_t atoms_per_step = 24;      // violators that join at once
constexpr int first_steps = 12;                 // paths of the first pass
constexpr int certifying_steps = 12;            // paths of a certifying round
constexpr int most_misses = 6;
constexpr double near_lambda = 0.03;            // of lambda: atoms this near stay for the next round
constexpr float weak_candidate = 0.5f;          // of lambda: later steps of the first pass do not look at them
constexpr double knot_doubt = 0.03;             // of lambda: what int8 correlations may hide
constexpr double knot_violation = 2e-6;         // of lambda: what float32 correlations may hide

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

float distance(const std::vector<float>& x, const std::vector<float>& y) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += static_cast<double>((x[k] - y[k]) * (x[k] - y[k]));
  return static_cast<float>(std::sqrt(sum));
}

}  // namespace

void TargetSteps::begin(WorkingSetRow& row) const {
  row.lambda = lambda_of(penalty_beside(math::path_floor, row.exponent, true), row.exponent);
}

std::size_t TargetSteps::first_set_size() const {
  return static_cast<std::size_t>(std::clamp(2 * std::min(problem_.target.l0, 64), 24, 128));
}

/// A weighted correlation as the constraint sees it.
double TargetSteps::excess(std::int32_t atom, double product) const {
  return (problem_.nonnegative ? product : std::abs(product)) * inverse_weight(atom);
}

/// The path of just these atoms.
void TargetSteps::open(WorkingSetRow& row, const std::vector<std::int32_t>& atoms) {
  member_.resize(at(dictionary_.size), 0);
  for (const std::int32_t atom : path_.atoms()) member_[at(atom)] = 0;
  path_.clear();
  residual_.resize(at(dictionary_.ld));
  append(row, atoms);
}

void TargetSteps::append(WorkingSetRow& row, const std::vector<std::int32_t>& atoms) {
  if (atoms.empty()) return;
  const auto count = static_cast<std::int64_t>(atoms.size());
  atoms_.assign(path_.atoms().begin(), path_.atoms().end());
  atoms_.insert(atoms_.end(), atoms.begin(), atoms.end());
  const auto total = static_cast<std::int64_t>(atoms_.size());
  wide_.assign(row.z.get(), row.z.get() + dictionary_.ld);
  products_.resize(atoms.size());
  dot_atoms_f64(dictionary_, atoms.data(), count, wide_.data(), products_.data());
  factors_.assign(path_.factors().begin(), path_.factors().end());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const bool turned = products_[i] < 0 && !problem_.nonnegative;
    factors_.push_back(turned ? -inverse_weight(atoms[i]) : inverse_weight(atoms[i]));
    products_[i] *= factors_.back();
    member_[at(atoms[i])] = 1;
  }
  gram_.resize(at(count * total));
  for (std::int64_t i = 0; i < count; ++i) {
    wide_.resize(at(dictionary_.ld));
    dictionary_.copy_atom(atoms[at(i)], wide_.data());
    double* g = gram_.data() + i * total;
    // Of new atoms with each other only one half: the other is the same.
    const std::int64_t first = total - count;
    dot_atoms_f64(dictionary_, atoms_.data(), first + i + 1, wide_.data(), g);
    for (std::int64_t k = 0; k <= first + i; ++k) g[k] *= factors_[at(first + i)] * factors_[at(k)];
    for (std::int64_t k = 0; k < i; ++k) gram_[at(k * total + first + i)] = g[first + k];
  }
  path_.append(atoms, std::span(factors_).last(atoms.size()), products_, gram_.data());
}

/// The `most` largest values and their atoms, ties by index; in that order.
void TargetSteps::keep_worst(std::vector<std::int32_t>& atoms, std::vector<double>& values, std::size_t most) const {
  std::vector<std::size_t> order(atoms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t kept = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return values[a] > values[b] || (values[a] == values[b] && atoms[a] < atoms[b]);
                    });
  std::vector<std::int32_t> best;
  for (std::size_t i = 0; i < kept; ++i) best.push_back(atoms[order[i]]);
  atoms = std::move(best);
}

void TargetSteps::update_residual(const WorkingSetRow& row) {
  read_support(path_.set(), atoms_, weights_);
  residual_f64(dictionary_, row.z.get(), atoms_.data(), weights_.data(), static_cast<std::int64_t>(atoms_.size()),
               residual_.data());
}

void TargetSteps::write_code(WorkingSetRow& row) {
  read_code(path_.set(), row.code_atoms, row.code_weights);
  round_code(row.exponent, row.code_atoms, row.code_weights);
}

/// The solution at a penalty; Newton steps with residuals from the atoms themselves take out what pivots left.
void TargetSteps::solve_at(WorkingSetRow& row, float penalty) {
  row.lambda = lambda_of(penalty, row.exponent);
  path_.move_to(row.lambda);
  Tableau<double>& set = path_.set();
  for (int step = 0; step < 3; ++step) {
    update_residual(row);
    products_.resize(at(set.size));
    dot_atoms_f64(dictionary_, set.atoms.data(), set.size, residual_.data(), products_.data());
    const double worst = read_slacks(set, row.lambda, !problem_.nonnegative, products_.data());
    if (!(worst > path_newton_tolerance * row.lambda)) break;
    newton_step(set, products_.data());
    path_.solve();
  }
  update_residual(row);
  write_code(row);
}

/// What is promised of the code that is returned, float32 weights and all.
bool TargetSteps::meets_target(WorkingSetRow& row) {
  if (problem_.target.l0 > 0) return row.code_atoms.size() <= at(problem_.target.l0);
  std::vector<double> rest(at(dictionary_.ld));
  weights_.assign(row.code_weights.begin(), row.code_weights.end());
  std::vector<float> zeros(at(dictionary_.ld), 0.0f);
  residual_f64(dictionary_, zeros.data(), row.code_atoms.data(), weights_.data(),
               static_cast<std::int64_t>(weights_.size()), rest.data());  // = -C'w
  double along = 0;
  double square = 0;
  for (std::int64_t k = 0; k < dictionary_.ld; ++k) {
    along -= rest[at(k)] * static_cast<double>(row.z[at(k)]);
    square += rest[at(k)] * rest[at(k)];
  }
  return math::has_cosine(along, square, problem_.target.cosine, row.z_dot_z);
}

/// The path to its end, and the row's penalty, residual and code there.
void TargetSteps::follow(WorkingSetRow& row) {
  const std::int64_t pivots = path_.pivots();
  const PathEnd end = path_.follow(problem_.target, row.z_dot_z, !problem_.nonnegative);
  if (end.kind == PathEnd::Kind::empty) {
    begin(row);
    std::copy_n(row.z.get(), dictionary_.ld, residual_.begin());
    row.code_atoms.clear();
    row.code_weights.clear();
  } else {
    const bool above = problem_.target.l0 > 0 || end.kind != PathEnd::Kind::target;
    float penalty = penalty_beside(end.lambda, row.exponent, above);
    solve_at(row, penalty);
    // Two knots within a float32, or weights whose rounding costs the cosine: a little further along, further each time.
    if (end.kind == PathEnd::Kind::target || problem_.target.l0 > 0) {
      for (int i = 0; i < math::most_penalty_moves && !meets_target(row); ++i) {
        penalty = moved_by(penalty, std::int64_t{1} << i, above);
        solve_at(row, penalty);
      }
    }
  }
  row.report.iterations += static_cast<std::int32_t>(path_.pivots() - pivots);
  std::copy(residual_.begin(), residual_.end(), row.r.get());
}

/// Keeps for the next round what this path is made of.
void TargetSteps::leave(WorkingSetRow& row) {
  row.path_atoms.clear();
  const Tableau<double>& set = path_.set();
  for (std::int64_t k = 0; k < path_.size(); ++k) {
    const bool near = set.in_support[at(k)] != 0 || set.value[at(k)] < near_lambda * row.lambda;
    if (near || path_.touched(k)) row.path_atoms.push_back(path_.atoms()[at(k)]);
  }
}

/// Atoms that were in the support before the path's end, or should have been, do not show there. Candidates that violate
/// at a knot join: between two knots correlations are linear, so that none violates in between, either. Looked at is only
/// what may: since a correlation c.r_i was seen, c.r moved by at most |c| times the way that the residual has gone.
bool TargetSteps::add_violators_of_knots(WorkingSetRow& row) {
  knot_residual_.resize(at(dictionary_.ld));
  knot_q_.resize(at(dictionary_.ld));
  last_residual_.assign(row.z.get(), row.z.get() + dictionary_.ld);
  std::vector<std::int32_t> candidates;
  candidate_norm_.clear();
  for (const std::int32_t atom : row.path_candidates) {
    if (member_[at(atom)] != 0) continue;
    candidates.push_back(atom);
    candidate_norm_.push_back(dictionary_.norm[at(atom)] * static_cast<float>(inverse_weight(atom)));
  }
  const auto count = static_cast<std::int64_t>(candidates.size());
  every_.resize(candidates.size());
  std::iota(every_.begin(), every_.end(), 0);
  seen_.assign(candidates.size(), std::numeric_limits<float>::infinity());  // excess - norm * way, when it was seen
  looked_at_.resize(at(count + taken_slack));
  std::vector<double> worst(candidates.size(), 0.0);
  float way = 0;
  std::size_t verified = 0;
  for (const PathKnot& knot : path_.knots()) {
    while (verified < row.path_verified.size() && row.path_verified[verified] > knot.lambda * (1 + 1e-13)) ++verified;
    const bool known = verified < row.path_verified.size() && row.path_verified[verified] > knot.lambda * (1 - 1e-13);
    if (known) continue;
    residual(dictionary_, row.z.get(), knot.atoms.data(), knot.weights.data(), static_cast<std::int64_t>(knot.atoms.size()),
             knot_residual_.data());
    way += distance(knot_residual_, last_residual_) * (1 + 1e-5f);
    last_residual_ = knot_residual_;
    const auto limit = static_cast<float>(knot.lambda * (1 - knot_doubt));
    float rest = 0;
    const std::int64_t near = places_above({every_.data(), seen_.data(), count, candidate_norm_.data(), way, false}, limit,
                                           looked_at_.data(), &rest);
    found_.resize(at(near));
    for (std::int64_t n = 0; n < near; ++n) found_[at(n)] = candidates[at(looked_at_[at(n)])];
    const QuantizedRow quantized = quantize_row(knot_residual_.data(), dictionary_.ld, knot_q_.data());
    products32_.resize(found_.size());
    dot_atoms_int8(dictionary_, scales_.screen_weights.get(), found_.data(), near, knot_q_.data(), quantized,
                   products32_.data());
    bool clean = true;
    for (std::int64_t n = 0; n < near; ++n) {
      const std::size_t i = at(looked_at_[at(n)]);
      const float value = problem_.nonnegative ? products32_[at(n)] : std::abs(products32_[at(n)]);
      seen_[i] = value - candidate_norm_[i] * way;
      if (!(value > limit)) continue;
      float product = 0;
      dot_atoms(dictionary_, &candidates[i], 1, knot_residual_.data(), &product);
      const double share = excess(candidates[i], static_cast<double>(product)) / knot.lambda;
      if (!(share > 1 - knot_violation)) continue;
      worst[i] = std::max(worst[i], share);
      clean = false;
    }
    if (clean) verified_now_.push_back(knot.lambda);
  }
  row.path_verified.insert(row.path_verified.end(), verified_now_.begin(), verified_now_.end());
  std::sort(row.path_verified.begin(), row.path_verified.end(), std::greater<>());
  verified_now_.clear();
  found_.clear();
  found_values_.clear();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (worst[i] == 0) continue;
    found_.push_back(candidates[i]);
    found_values_.push_back(worst[i]);
  }
  if (found_.empty()) return false;
  keep_worst(found_, found_values_, atoms_per_step);
  if (!has_room(row)) return false;
  append(row, found_);
  return true;
}

/// For found_. The fp64 path may have more than the others.
bool TargetSteps::has_room(const WorkingSetRow& row) const {
  const std::int64_t limit = row.phase == RowPhase::exact ? exact_set_limit(dictionary_) : working_set_limit;
  return path_.size() + static_cast<std::int64_t>(found_.size()) <= limit;
}

void TargetSteps::solve_first(WorkingSetRow& row) {
  row.list.count = std::min(row.list.count, row.list.capacity);
  const float limit = best_threshold(row.list.values, row.list.count, first_list_size, !problem_.nonnegative);
  found_.clear();
  found_values_.clear();
  for (std::int64_t i = 0; i < row.list.count; ++i) {
    const float value = problem_.nonnegative ? row.list.values[i] : std::abs(row.list.values[i]);
    if (!(value > limit)) continue;
    found_.push_back(row.list.atoms[i]);
    found_values_.push_back(static_cast<double>(value));
  }
  if (found_.empty()) {
    row.phase = RowPhase::exact;  // nothing stands out, or nothing is there at all
    return;
  }
  row.path_candidates = found_;
  if (dictionary_.size <= first_list_size) take_all_as_candidates(row);
  keep_worst(found_, found_values_, first_set_size());
  open(row, found_);
  std::vector<std::int32_t> candidates = row.path_candidates;
  for (int step = 0; step < first_steps; ++step) {
    follow(row);
    const QuantizedRow quantized = quantize_row(row.r.get(), dictionary_.ld, row.q.get());
    products32_.resize(candidates.size());
    dot_atoms_int8(dictionary_, scales_.screen_weights.get(), candidates.data(), static_cast<std::int64_t>(candidates.size()),
                   row.q.get(), quantized, products32_.data());
    found_.clear();
    found_values_.clear();
    const auto lambda = static_cast<float>(row.lambda);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const float value = problem_.nonnegative ? products32_[i] : std::abs(products32_[i]);
      if (!(value > weak_candidate * lambda) || member_[at(candidates[i])] != 0) continue;
      candidates[kept++] = candidates[i];
      if (!(value > lambda)) continue;
      found_.push_back(candidates[i]);
      found_values_.push_back(static_cast<double>(value));
    }
    candidates.resize(kept);
    if (found_.empty()) {
      if (!add_violators_of_knots(row)) break;
      continue;
    }
    keep_worst(found_, found_values_, atoms_per_step);
    if (!has_room(row)) {
      leave(row);
      row.phase = RowPhase::exact;
      return;
    }
    append(row, found_);
  }
  if (path_.set().size < path_.size()) follow(row);
  leave(row);
  row.phase = RowPhase::certifying;
}

void TargetSteps::take_all_as_candidates(WorkingSetRow& row) const {
  row.path_candidates.clear();
  for (std::int32_t j = 0; j < static_cast<std::int32_t>(dictionary_.size); ++j) {
    if (inverse_weight(j) > 0) row.path_candidates.push_back(j);
  }
}

/// Listed atoms that may violate at the present residual are looked at in fp64; the worst join.
bool TargetSteps::add_violators(WorkingSetRow& row) {
  const double moved = distance_to_quantized(residual_.data(), row.centre(), dictionary_.ld) *
                       static_cast<double>(scales_.atom_norm) * (1 + 1e-5);
  found_.clear();
  for (std::int64_t i = 0; i < row.list.count; ++i) {
    const std::int32_t atom = row.list.atoms[i];
    const double value = static_cast<double>(problem_.nonnegative ? row.list.values[i] : std::abs(row.list.values[i]));
    const double error = static_cast<double>(scales_.screen_error[at(atom)]) * static_cast<double>(row.quantized.norm);
    if (value + error + moved > row.lambda && member_[at(atom)] == 0) found_.push_back(atom);
  }
  // float32 first: most are nowhere near. Its error is below 1e-5 |c| |r|.
  products32_.resize(found_.size());
  dot_atoms(dictionary_, found_.data(), static_cast<std::int64_t>(found_.size()), row.r.get(), products32_.data());
  const double doubt = 1e-5 * static_cast<double>(scales_.atom_norm) * std::sqrt(row.z_dot_z);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (excess(found_[i], static_cast<double>(products32_[i])) > row.lambda - doubt) found_[kept++] = found_[i];
  }
  found_.resize(kept);
  products_.resize(kept);
  dot_atoms_f64(dictionary_, found_.data(), static_cast<std::int64_t>(kept), residual_.data(), products_.data());
  found_values_.clear();
  kept = 0;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const double value = excess(found_[i], products_[i]);
    if (!(value > row.lambda * (1 + path_violation))) continue;
    found_[kept++] = found_[i];
    found_values_.push_back(value);
  }
  found_.resize(kept);
  if (found_.empty()) return false;
  keep_worst(found_, found_values_, atoms_per_step);
  if (!has_room(row)) {
    row.phase = RowPhase::exact;
    return false;
  }
  append(row, found_);
  return true;
}

void TargetSteps::solve_certifying(WorkingSetRow& row) {
  if (list_overflows(row)) return;
  open(row, row.path_atoms);
  bool settled = false;
  bool changed = false;
  for (int step = 0; step < certifying_steps && !settled; ++step) {
    follow(row);
    settled = !add_violators(row);
    if (settled && changed && row.phase != RowPhase::exact) {
      settled = !add_violators_of_knots(row);
    } else {
      changed = !settled;
    }
  }
  if (!settled) follow(row);
  leave(row);
  if (row.phase == RowPhase::exact) return;
  const double moved = distance_to_quantized(residual_.data(), row.screened(), dictionary_.ld) *
                       static_cast<double>(scales_.atom_norm) * (1 + 1e-5);
  row.claims = settled && static_cast<double>(row.unlisted_bound) + moved <= row.lambda;
  if (++row.misses > most_misses && !row.claims) row.phase = RowPhase::exact;
}

void TargetSteps::solve_exactly(WorkingSetRow& row, std::int32_t rounds) {
  if (all_.empty()) {
    all_.resize(at(dictionary_.size));
    std::iota(all_.begin(), all_.end(), 0);
    correlations_.resize(all_.size());
  }
  open(row, row.path_atoms);
  for (std::int32_t round = 0; round < rounds; ++round) {
    follow(row);
    ++row.report.rounds;
    dot_atoms_f64(dictionary_, all_.data(), dictionary_.size, residual_.data(), correlations_.data());
    if (path_.size() == 0) choose_candidates(row);
    const double limit = path_.size() == 0 ? 0 : row.lambda * (1 + path_violation);
    found_.clear();
    found_values_.clear();
    for (const std::int32_t atom : all_) {
      const double value = excess(atom, correlations_[at(atom)]);
      if (member_[at(atom)] != 0 || !(value > limit)) continue;
      found_.push_back(atom);
      found_values_.push_back(value);
    }
    if (found_.empty()) {
      if (!add_violators_of_knots(row)) return;
      continue;
    }
    keep_worst(found_, found_values_, std::max(first_set_size(), std::size_t{32}));
    if (!has_room(row)) {
      leave(row);  // atoms that came and went make room
      open(row, row.path_atoms);
      if (!has_room(row)) break;
    }
    append(row, found_);
  }
  follow(row);
}

/// Those that correlate best with z; at the start of a row that has no list of them.
void TargetSteps::choose_candidates(WorkingSetRow& row) {
  if (dictionary_.size <= first_list_size) return take_all_as_candidates(row);
  found_.clear();
  found_values_.clear();
  for (const std::int32_t atom : all_) {
    const double value = excess(atom, correlations_[at(atom)]);
    if (!(value > 0)) continue;
    found_.push_back(atom);
    found_values_.push_back(value);
  }
  keep_worst(found_, found_values_, at(first_list_size));
  row.path_candidates = found_;
}

}  // namespace splice_cuda::cpu
