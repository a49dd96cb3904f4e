#pragma once

/// @file lasso_path.hpp
/// The whole solution path in fp64, one linear system a knot, all atoms in every step: the reference for targets. Includes
/// nothing of the library and shares no formula with it.

#include <vector>

#include "oracle/lasso_oracle.hpp"

namespace splice_oracle {

/// The solution at one penalty; between two knots it is linear in the penalty.
struct Knot {
  double penalty = 0;     ///< of the half form
  std::vector<double> w;  ///< [atoms]
};

/// Knots from the largest penalty with a non-zero solution just below it down to `smallest`, penalties descending (equal
/// ones where atoms tie). Empty where the solution is zero at every penalty. `problem.penalty` is not used. Atoms in
/// general position: no duplicates.
std::vector<Knot> path(const Problem& problem, const std::vector<double>& z, double smallest);

/// The penalty at which atom number k + 1 enters for the first time; the last knot's where none does. By definition the
/// solutions at larger penalties have at most k atoms.
double penalty_of_l0(const std::vector<Knot>& knots, int k);

/// The largest penalty with cosine(C'w, z) >= cosine, by scanning and bisecting; the last knot's where there is none.
double penalty_of_cosine(const Problem& problem, const std::vector<Knot>& knots, const std::vector<double>& z, double cosine);

/// The solution at a penalty on the path.
std::vector<double> at_penalty(const std::vector<Knot>& knots, double penalty);

/// cosine(C'w, z); 0 for w = 0.
double cosine_of(const Problem& problem, const std::vector<double>& z, const std::vector<double>& w);

}  // namespace splice_oracle
