#pragma once

/// @file options.hpp
/// What problem is solved, and how.

#include <cstdint>
#include <span>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

struct SparseCodes;

enum class SolverKind : std::uint8_t {
  working_set,         ///< default: screened working sets, about two passes over the dictionary a row
  coordinate_descent,  ///< cyclic, over the whole dictionary
  fista,               ///< accelerated proximal gradient with adaptive restart (O'Donoghue & Candes 2015)
  admm,                ///< Woodbury factor of size d x d, over-relaxation, residual balancing
};

/// How a row is solved. The defaults suit unit-norm CLIP embeddings.
struct SolveOptions {
  SolverKind solver = SolverKind::working_set;
  /// A row is certified when gap <= gap_tolerance * 1/2 |z|^2. Must be > 0.
  double gap_tolerance = 1e-6;
  /// Passes over the whole dictionary a row may take (working_set, coordinate_descent). Must be >= 1.
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
struct DecomposeOptions {
  /// On the scale above; > 0 and finite. = 2 x lambda of the half form, = 2 d x scikit-learn's alpha.
  float l1_penalty = 0.25f;
  /// If not empty: one penalty a row, in place of l1_penalty. Size n; each > 0 and finite.
  std::span<const float> l1_penalties = {};
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
