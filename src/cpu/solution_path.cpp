#include "cpu/solution_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/path_math.hpp"
#include "cpu/tableau_kernels.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr double pivot_floor = math::path_pivot_floor;
constexpr double tolerance = 1e-12;  // of lambda
constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void SolutionPath::clear() {
  atoms_.clear();
  factors_.clear();
  correlations_.clear();
  touched_.clear();
  set_.clear();
  pivots_ = 0;
}

void SolutionPath::append(std::span<const std::int32_t> atoms, std::span<const double> factors,
                          std::span<const double> correlations, const double* gram) {
  const std::int64_t first = size();
  const std::int64_t total = first + static_cast<std::int64_t>(atoms.size());
  if (total > gram_ld_) {
    const std::int64_t grown = total + total / 4 + 16;
    std::vector<double> bigger(at(grown * grown));
    for (std::int64_t k = 0; k < first; ++k) std::copy_n(gram_.data() + k * gram_ld_, first, bigger.data() + k * grown);
    gram_ = std::move(bigger);
    gram_ld_ = grown;
  }
  for (std::int64_t i = first; i < total; ++i) {
    const double* row = gram + (i - first) * total;
    std::copy_n(row, total, gram_.data() + i * gram_ld_);
    for (std::int64_t k = 0; k < first; ++k) gram_[at(k * gram_ld_ + i)] = row[k];
  }
  atoms_.insert(atoms_.end(), atoms.begin(), atoms.end());
  factors_.insert(factors_.end(), factors.begin(), factors.end());
  correlations_.insert(correlations_.end(), correlations.begin(), correlations.end());
  touched_.resize(at(total), 0);
}

/// The tableau at lambda_max, where x = 0.
void SolutionPath::load() {
  lambda_ = 0;
  for (const double value : correlations_) lambda_ = std::max(lambda_, value);
  std::vector<double> y(correlations_.size());
  for (std::size_t k = 0; k < y.size(); ++k) y[k] = lambda_ - correlations_[k];
  set_.clear();
  AppendScratch<double> scratch;
  append_atoms(set_, atoms_.data(), factors_.data(), size(), gram_.data(), gram_ld_, y.data(), scratch);
  std::fill(touched_.begin(), touched_.end(), std::uint8_t{0});
  barred_.assign(atoms_.size(), 0);
  exchanges_.assign(atoms_.size(), 0);
}

SolutionPath::Event SolutionPath::next_event(bool any_sign) const {
  Event event{infinity, -1, false};
  const auto consider = [&](double left, double rate, std::int64_t k, bool turned) {
    if (!(rate > 0)) return;
    const double step = std::max(left, 0.0) / rate;
    if (step < event.step) event = {step, k, turned};
  };
  for (std::int64_t k = 0; k < set_.size; ++k) {  // those that leave first: at one knot they make room
    if (set_.in_support[at(k)] != 0) consider(set_.value[at(k)], -gains_[at(k)], k, false);
  }
  for (std::int64_t k = 0; k < set_.size; ++k) {
    if (set_.in_support[at(k)] != 0 || barred_[at(k)] != 0) continue;
    consider(set_.value[at(k)], 1 + gains_[at(k)], k, false);
    if (any_sign) consider(2 * lambda_ - set_.value[at(k)], 1 - gains_[at(k)], k, true);
  }
  return event;
}

void SolutionPath::advance(double step) {
  lower_lambda(set_, gains_, step);
  lambda_ -= step;
}

/// Atom k, at y = 0, enters; if it depends on the support, in the place of the atom that blocks its way.
/// @returns false where it has no place
bool SolutionPath::enter(std::int64_t k) {
  set_.value[at(k)] = 0;
  if (depends_on_support(set_, k, pivot_floor)) {
    const std::int64_t blocking = exchanges_[at(k)] < math::most_exchanges ? blocking_atom(set_, k) : -1;
    if (blocking < 0) return false;
    ++exchanges_[at(k)];
    pivot(set_, blocking);
    ++pivots_;
    if (depends_on_support(set_, k, pivot_floor)) return true;  // the support is smaller; k may enter at the next event
  }
  pivot(set_, k);
  ++pivots_;
  return true;
}

void SolutionPath::record_knot() {
  if (knot_count_ == knots_.size()) knots_.emplace_back();
  PathKnot& knot = knots_[knot_count_++];
  knot.lambda = lambda_;
  knot.atoms.clear();
  knot.weights.clear();
  for (std::int64_t k = 0; k < set_.size; ++k) {
    if (set_.in_support[at(k)] == 0) continue;
    knot.atoms.push_back(atoms_[at(k)]);
    knot.weights.push_back(static_cast<float>(set_.value[at(k)] * set_.factors[at(k)]));
  }
}

void SolutionPath::solve() { pivots_ += solve_tableau(set_, tolerance * lambda_, pivot_floor); }

PathEnd SolutionPath::follow(const PathTarget& target, double z_dot_z, bool any_sign) {
  load();
  knot_count_ = 0;
  if (!(lambda_ > 0)) return {PathEnd::Kind::empty, 0};
  const double floor = math::path_floor * lambda_;
  const std::int64_t limit = 40 * size() + 500;
  double square = 0;
  std::int64_t inside = 0;
  std::int64_t idle = 0;
  for (std::int64_t knots = 0; knots < limit; ++knots) {
    lambda_gains(set_, gains_);
    const Event event = next_event(any_sign);
    const double step = std::min(event.step, lambda_ - floor);
    if (target.cosine > 0 && inside > 0) {
      math::Segment segment{lambda_, square, 0, 0};
      for (std::int64_t k = 0; k < set_.size; ++k) {
        if (set_.in_support[at(k)] == 0) continue;
        segment.sum += set_.value[at(k)];
        segment.slope += gains_[at(k)];
      }
      const double reached = segment.reaches(target.cosine, z_dot_z);
      if (reached <= step) {
        advance(reached);
        return {PathEnd::Kind::target, lambda_};
      }
      square = segment.square_after(step);
    }
    if (!(event.step < lambda_ - floor)) {
      advance(step);
      return {PathEnd::Kind::floor, lambda_};
    }
    advance(step);
    const std::int64_t k = event.place;
    touched_[at(k)] = 1;
    if (set_.in_support[at(k)] != 0) {
      set_.value[at(k)] = 0;
      pivot(set_, k);
      ++pivots_;
    } else {
      if (event.turned) {
        flip_sign(set_, k);
        set_.value[at(k)] = 0;
      }
      if (target.l0 > 0 && inside >= target.l0 && !depends_on_support(set_, k, pivot_floor)) {
        return {PathEnd::Kind::target, lambda_};
      }
      if (!enter(k)) {
        barred_[at(k)] = 1;
        continue;
      }
    }
    std::fill(barred_.begin(), barred_.end(), std::uint8_t{0});
    if (inside > 0) record_knot();
    inside = std::count_if(set_.in_support.begin(), set_.in_support.begin() + set_.size,
                           [](std::uint8_t member) { return member != 0; });
    // Ties and rounding can hold a path at one knot: step over it.
    idle = step > math::idle_step * lambda_ ? 0 : idle + 1;
    if (idle > 2 * size() + 20) {
      idle = 0;
      const double before = lambda_;
      move_to(lambda_ * (1 - math::idle_way_out));
      if (!(lambda_ < before)) break;
      for (std::int64_t s = 0; s < set_.size; ++s) {
        if (set_.in_support[at(s)] != 0) touched_[at(s)] = 1;
      }
    }
  }
  return {PathEnd::Kind::gave_up, lambda_};
}

void SolutionPath::move_to(double lambda) {
  lambda_gains(set_, gains_);
  advance(lambda_ - lambda);
  lambda_ = lambda;
  solve();
}

}  // namespace splice_cuda::cpu
