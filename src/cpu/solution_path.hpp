#pragma once

/// @file solution_path.hpp
/// The solutions of one row among a set of atoms, as a function of lambda, in fp64. They are piecewise linear: between
/// two knots the support S stays, and x_S moves by inv(G_SS) 1 per unit that lambda falls (Osborne, Presnell & Turlach,
/// "A new approach to variable selection in least squares problems", 2000; Efron et al., "Least angle regression", 2004,
/// the lasso modification). At a knot one atom enters or leaves: one pivot of the tableau.

#include <cstdint>
#include <span>
#include <vector>

#include "core/problem.hpp"
#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// Where following a path ended.
struct PathEnd {
  enum class Kind : std::uint8_t {
    empty,    ///< no atom of the set correlates with z: no code at any penalty
    target,   ///< the target is met at lambda
    floor,    ///< it is not met until math::path_floor
    gave_up,  ///< knots without end: lambda is where it stopped
  };
  Kind kind = Kind::empty;
  double lambda = 0;  ///< target_l0: the knot where one more atom enters; target_cosine: where it is reached
};

/// The solution where a segment ends.
struct PathKnot {
  double lambda = 0;
  std::vector<std::int32_t> atoms;
  std::vector<float> weights;  ///< w_j = x_j factor_j
};

class SolutionPath {
 public:
  void clear();
  std::int64_t size() const { return static_cast<std::int64_t>(atoms_.size()); }
  std::span<const std::int32_t> atoms() const { return atoms_; }
  std::span<const double> factors() const { return factors_; }

  /// Adds atoms at the end.
  /// @param factors       [count] +-1 / a_j, the sign such that correlations >= 0 where weights of either sign are wanted
  /// @param correlations  [count] factor_i <c_i, z>
  /// @param gram          [count, size + count] factor_i factor_k <c_i, c_k>
  void append(std::span<const std::int32_t> atoms, std::span<const double> factors, std::span<const double> correlations,
              const double* gram);

  /// Follows the path from lambda_max down to the target.
  /// @param any_sign  an atom also enters with its sign turned, where its correlation reaches -lambda
  PathEnd follow(const PathTarget& target, double z_dot_z, bool any_sign);

  /// What the last `follow` passed, lambda descending, without its two ends.
  std::span<const PathKnot> knots() const { return {knots_.data(), knot_count_}; }

  /// The solution at another lambda, from the one at hand.
  void move_to(double lambda);

  /// Was the atom in the support at any time of the last `follow`, or did it end that one by being about to enter? The
  /// path of these atoms alone is the same.
  bool touched(std::int64_t k) const { return touched_[static_cast<std::size_t>(k)] != 0; }

  /// The solution at lambda(). Its places are those of atoms().
  Tableau<double>& set() { return set_; }
  double lambda() const { return lambda_; }
  /// Pivots made so far.
  std::int64_t pivots() const { return pivots_; }
  void solve();

 private:
  struct Event {
    double step = 0;  ///< by which lambda falls until then
    std::int64_t place = -1;
    bool turned = false;  ///< enters with its sign turned
  };

  void load();
  Event next_event(bool any_sign) const;
  void advance(double step);
  bool enter(std::int64_t k);
  void record_knot();

  std::vector<std::int32_t> atoms_;
  std::vector<double> factors_;
  std::vector<double> correlations_;
  std::vector<double> gram_;  ///< [size, gram_ld_]
  std::int64_t gram_ld_ = 0;
  std::vector<std::uint8_t> touched_;
  std::vector<std::uint8_t> barred_;  ///< dependent atoms that found no place, until the support changes
  std::vector<std::uint8_t> exchanges_;
  std::vector<double> gains_;  ///< by place: sum of the support rows of the tableau
  std::vector<PathKnot> knots_;  ///< those past knot_count_ are kept for their memory
  std::size_t knot_count_ = 0;
  Tableau<double> set_;
  double lambda_ = 0;
  std::int64_t pivots_ = 0;
};

}  // namespace splice_cuda::cpu
