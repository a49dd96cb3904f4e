#include "cpu/exact_row.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/lasso_math.hpp"
#include "cpu/row_products.hpp"
#include "cpu/tableau_solution.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr double pivot_floor = 1e-11;  // of the Gram diagonal: fp64 Gram entries err by 1e-15
constexpr std::size_t most_new_atoms = 32;
constexpr int most_restarts = 8;       // where members stay out that should not

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The row in fp64: its tableau and what a pass over the dictionary gives.
class ExactSolver {
 public:
  ExactSolver(const CpuDictionary& dictionary, const Problem& problem, float atom_norm, WorkingSetRow& row)
      : dictionary_(dictionary),
        problem_(problem),
        row_(row),
        limits_(math::exact_limits(row.lambda, static_cast<double>(atom_norm) * std::sqrt(row.z_dot_z))),
        pivots_left_(math::exact_pivots(dictionary.dim)),
        best_gap_(0.5 * row.z_dot_z),
        residual_(at(dictionary.ld)),
        correlations_(at(dictionary.size)),
        all_(at(dictionary.size)),
        member_(at(dictionary.size), 0) {
    std::iota(all_.begin(), all_.end(), 0);
    row.code_atoms.clear();
    row.code_weights.clear();
  }

  void run(std::int32_t rounds) {
    start(support(row_.set));
    int restarts = 0;
    for (std::int32_t round = 0; round < rounds && pivots_left_ > 0; ++round) {
      refine();
      ++row_.report.rounds;
      keep_best();
      if (round >= math::exact_patience && math::gap_looks_closed(best_gap_, problem_.solve.gap_tolerance, row_.z_dot_z)) return;
      if (!settled_) {
        start(support(set_));
        continue;
      }
      if (!add_violators()) {
        if (!member_violates() || ++restarts > most_restarts) return read_code(set_, row_.code_atoms, row_.code_weights);
        start(support(set_));
        continue;
      }
      solve();
    }
    refine();
    keep_best();
  }

 private:
  static double squared(const std::vector<double>& vector) { return std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0); }

  /// Pivots that were not let come to an end leave negative x, which no code has.
  bool feasible() const {
    for (std::int64_t k = 0; k < set_.size; ++k) {
      if (set_.in_support[at(k)] != 0 && set_.value[at(k)] < 0) return false;
    }
    return true;
  }

  /// Of the set's solution.
  double weighted_l1() const {
    double sum = 0;
    for (std::int64_t k = 0; k < set_.size; ++k) {
      if (set_.in_support[at(k)] != 0) sum += set_.value[at(k)];
    }
    return sum;
  }

  double inverse_weight(std::int32_t atom) const {
    return static_cast<double>(problem_.solver_inverse_weights[at(atom)]);
  }

  template <class T>
  static std::vector<std::int32_t> support(const Tableau<T>& set) {
    std::vector<std::int32_t> atoms;
    for (std::int64_t k = 0; k < set.size; ++k) {
      if (set.in_support[at(k)] != 0) atoms.push_back(set.atoms[at(k)]);
    }
    return atoms;
  }

  /// A working set of just these atoms, solved.
  void start(const std::vector<std::int32_t>& atoms) {
    set_.clear();
    std::fill(member_.begin(), member_.end(), std::uint8_t{0});
    update_residual();  // = z
    std::vector<double> products(atoms.size());
    dot_atoms_f64(dictionary_, atoms.data(), static_cast<std::int64_t>(atoms.size()), residual_.data(),
                  products.data());
    append(atoms, products);
    solve();
  }

  void append(const std::vector<std::int32_t>& atoms, const std::vector<double>& products) {
    if (atoms.empty()) return;
    const auto count = static_cast<std::int64_t>(atoms.size());
    const std::int64_t total = set_.size + count;
    std::vector<double> factors(atoms.size());
    std::vector<double> values(atoms.size());
    std::vector<std::int32_t> places(set_.atoms.begin(), set_.atoms.begin() + set_.size);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      const bool negative = products[i] < 0 && !problem_.nonnegative;
      factors[i] = negative ? -inverse_weight(atoms[i]) : inverse_weight(atoms[i]);
      values[i] = row_.lambda - factors[i] * products[i];
      places.push_back(atoms[i]);
      member_[at(atoms[i])] = 1;
    }
    std::vector<double> gram(at(count * total));
    std::vector<double> atom(at(dictionary_.ld));
    for (std::int64_t i = 0; i < count; ++i) {
      dictionary_.copy_atom(atoms[at(i)], atom.data());
      double* g = gram.data() + i * total;
      dot_atoms_f64(dictionary_, places.data(), total, atom.data(), g);
      for (std::int64_t k = 0; k < total; ++k) {
        g[k] *= factors[at(i)] * (k < set_.size ? set_.factors[at(k)] : factors[at(k - set_.size)]);
      }
    }
    AppendScratch<double> scratch;
    append_atoms(set_, atoms.data(), factors.data(), count, gram.data(), total, values.data(), scratch);
  }

  void solve() {
    const std::int64_t most = std::min<std::int64_t>(pivots_left_, math::exact_pivots_at_once(set_.size));
    const std::int64_t pivots = solve_tableau(set_, limits_.pivot, pivot_floor, most);
    settled_ = pivots < most;
    pivots_left_ -= pivots;
    row_.report.iterations += static_cast<std::int32_t>(pivots);
  }

  void update_residual() {
    std::vector<std::int32_t> atoms;
    std::vector<double> weights;
    read_support(set_, atoms, weights);
    residual_f64(dictionary_, row_.z.get(), atoms.data(), weights.data(),
                 static_cast<std::int64_t>(atoms.size()), residual_.data());
  }

  void refine() {
    for (int step = 0; step < 3; ++step) {
      update_residual();
      std::vector<double> y(at(set_.size));
      dot_atoms_f64(dictionary_, set_.atoms.data(), set_.size, residual_.data(), y.data());
      const double worst = read_slacks(set_, row_.lambda, !problem_.nonnegative, y.data());
      if (!(worst > limits_.newton)) return;
      newton_step(set_, y.data());
      solve();
    }
    update_residual();
  }

  /// What is compared with lambda.
  double correlation(std::int32_t j) const {
    const double value = correlations_[at(j)] * inverse_weight(j);
    return problem_.nonnegative ? value : std::abs(value);
  }

  /// Reads the correlations of all atoms, and takes the solution at hand for the row's code where its gap is the smallest so far:
  /// later ones need not be better, where rounding decides.
  void keep_best() {
    dot_atoms_f64(dictionary_, all_.data(), dictionary_.size, residual_.data(), correlations_.data());
    double largest = 0;
    for (const std::int32_t j : all_) largest = std::max(largest, correlation(j));
    if (!feasible()) return;
    const double z_dot_r = std::inner_product(residual_.begin(), residual_.end(), row_.z.get(), 0.0);
    const double gap = math::plain_gap(z_dot_r, squared(residual_), weighted_l1(), largest, row_.lambda);
    if (!(gap < best_gap_)) return;
    best_gap_ = gap;
    read_code(set_, row_.code_atoms, row_.code_weights);
  }

  /// The worst violators among all atoms join; those that the set has already (dependent on its support) do not.
  bool add_violators() {
    std::vector<std::int32_t> found;
    const double limit = row_.lambda + limits_.violation;
    for (std::int32_t j = 0; j < static_cast<std::int32_t>(dictionary_.size); ++j) {
      if (member_[at(j)] == 0 && correlation(j) > limit) found.push_back(j);
    }
    if (found.empty()) return false;
    if (set_.size + static_cast<std::int64_t>(most_new_atoms) > exact_set_limit(dictionary_)) {
      start(support(set_));  // atoms that came and went make room; the correlations above stay true
      update_residual();
    }
    const std::size_t take = std::min(found.size(), most_new_atoms);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(take), found.end(),
                      [&](std::int32_t a, std::int32_t b) {
                        return correlation(a) > correlation(b) || (correlation(a) == correlation(b) && a < b);
                      });
    found.resize(take);
    std::vector<double> products;
    for (const std::int32_t j : found) products.push_back(correlations_[at(j)]);
    append(found, products);
    return true;
  }

  /// Whether one that pivoting has given up, as it depends on the support, violates nevertheless: a set of the support alone,
  /// which it joins anew, asks it again.
  bool member_violates() const {
    for (std::int64_t k = 0; k < set_.size; ++k) {
      if (set_.in_support[at(k)] != 0) continue;
      if (correlations_[at(set_.atoms[at(k)])] * set_.factors[at(k)] > row_.lambda + limits_.member) return true;
    }
    return false;
  }

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  WorkingSetRow& row_;
  math::ExactLimits limits_;
  std::int64_t pivots_left_;
  bool settled_ = true;  ///< the last pivots came to an end
  double best_gap_;  ///< of the row's code, which is empty at first
  Tableau<double> set_;
  std::vector<double> residual_;
  std::vector<double> correlations_;
  std::vector<std::int32_t> all_;
  std::vector<std::uint8_t> member_;
};

}  // namespace

std::int64_t exact_set_limit(const CpuDictionary& dictionary) {
  return round_up(std::min(dictionary.size, dictionary.dim + 512), std::int64_t{32}) + 32;
}

void solve_exactly(const CpuDictionary& dictionary, const Problem& problem, float atom_norm, WorkingSetRow& row,
                   std::int32_t rounds) {
  ExactSolver(dictionary, problem, atom_norm, row).run(rounds);
}

}  // namespace splice_cuda::cpu
