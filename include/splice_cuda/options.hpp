#pragma once

/// @file options.hpp
/// What problem is solved, and how.

#include <cstdint>
#include <span>

#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/solver_kind.hpp"  // IWYU pragma: export

namespace splice_cuda {

struct SparseCodes;

/// How a row is solved. The defaults suit unit-norm CLIP embeddings.
struct SolveOptions {
  SolverKind solver = SolverKind::working_set;
  /// A row is certified when gap <= gap_tolerance * 1/2 |z|^2. Must be > 0.
  double gap_tolerance = 1e-6;
  /// Passes over the whole dictionary a row may take (working_set, coordinate_descent). Must be >= 1. Most rows take two, three
  /// where hundreds of atoms correlate with the embedding beyond the penalty.
  std::int32_t max_rounds = 100;
  /// Iterations a row may take (fista, admm), or sweeps (coordinate_descent). Must be >= 1.
  std::int32_t max_iterations = 20000;
  /// ADMM's penalty parameter at the start; balanced from there. Must be > 0; brought to within a factor of 1e4 of the
  /// mean eigenvalue of C'C.
  double rho = 1.0;
  /// ADMM's over-relaxation, in [1, 2).
  double over_relaxation = 1.7;
};

/// One problem a row:  min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum_j a_j w_j
/// (arXiv 2402.10376, eq. 3; no factor 1/2 before the square).
///
/// With a target (target_l0 or target_cosine) each row finds its own penalty. As the penalty falls from the largest one
/// with a non-empty code, the weights move on straight lines between knots, where an atom enters or leaves (Osborne,
/// Presnell & Turlach 2000; Efron, Hastie, Johnstone & Tibshirani 2004). This path is followed from knot to knot among the
/// row's working set until it meets the target; the row is then certified at that penalty over all atoms, and where
/// atoms outside violate, they join and the path is followed anew. Should a path's l0 or cosine fall and rise again, the
/// target may be met at several penalties; the one returned is the first that the working set's path meets.
struct DecomposeOptions {
  /// On the scale above; > 0 and finite. = 2 x lambda of the half form, = 2 d x scikit-learn's alpha. Not looked at where
  /// l1_penalties or a target is given.
  float l1_penalty = 0.25f;
  /// If not empty: one penalty a row, in place of l1_penalty. Size n; each > 0 and finite.
  std::span<const float> l1_penalties = {};
  /// If not 0: at most this many atoms a row, at the smallest penalty before one more enters. > 0. Solver working_set
  /// only; not together with target_cosine or l1_penalties; warm_start is not used. The penalty found is in
  /// RowReport::l1_penalty, rounded up to float32. A row that never has more atoms ends at 1/1000 of its largest
  /// penalty (the smallest one with an empty code), with fewer of them.
  std::int32_t target_l0 = 0;
  /// If not 0: the largest penalty at which the cosine of C'w and z is at least this; in (0, 1). Other rules as for
  /// target_l0, but the penalty is rounded down, so that the returned code has the cosine. A row that does not reach it
  /// by 1/1000 of its largest penalty ends there, with a smaller cosine.
  float target_cosine = 0;
  /// If not empty: a_j of each atom. Size p; each > 0; +infinity bans the atom.
  std::span<const float> atom_weights = {};
  /// Atoms whose weight must be 0, by index; in [0, p).
  std::span<const std::int32_t> banned_atoms = {};
  /// false: weights of either sign (the ablation); the penalty is then on |w_j|.
  bool nonnegative = true;
  /// Least squares on each row's support afterwards (no penalty; w >= 0 kept unless nonnegative is
  /// false). The report still is of the penalised solution that chose the support.
  bool refit = false;
  /// Codes to start from ([n, p]), such as those of a nearby penalty. Speeds up; never changes what is
  /// certified. A row whose start is worse than the empty code starts from that.
  const SparseCodes* warm_start = nullptr;
  SolveOptions solve = {};
};

}  // namespace splice_cuda
