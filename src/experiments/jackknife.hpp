#pragma once

/// @file jackknife.hpp
/// Means over pairs and distances of means, with what each becomes when one row is left out, all of it by sums.

#include "experiments/directions.hpp"
#include "splice_cuda/modality_gap.hpp"

namespace splice_cuda {

using Rows = std::vector<std::int64_t>;  ///< of a Directions, each with a direction

/// Mean of z_i . z_j over i != j. Value: 2 rows; error: 3.
JackknifeEstimate mean_within(const Directions& z, const Rows& rows);
/// Mean of x_i . t_j over all i, j: rows of both are left out in turn. Value: 1 row of each; error: 2.
JackknifeEstimate mean_between(const Directions& x, const Rows& x_rows, const Directions& t, const Rows& t_rows);
/// Mean of x_i . t_j over i != j; x_i and t_i are left out together. Value: 2 rows; error: 3.
JackknifeEstimate mean_unmatched(const Directions& x, const Directions& t, const Rows& rows);
/// |mean x - mean t|; left out in turn, or together where `paired` (x_rows = t_rows). Value: 1 row; error: 2.
JackknifeEstimate distance_of_means(const Directions& x, const Rows& x_rows, const Directions& t, const Rows& t_rows, bool paired);

}  // namespace splice_cuda
