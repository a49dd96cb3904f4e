#pragma once

/// @file pair_cosines.hpp
/// Cosines of pairs of embeddings before and after centring: opposites, sentences and their negations, random words.

#include <span>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// NaN for a pair of which one has no direction: zero, not finite, or (after centring) in the mean.
struct PairCosines {
  std::vector<double> raw;       ///< [n] of normalise(e)
  std::vector<double> centered;  ///< [n] of normalise(normalise(e) - mean); empty without a mean
};

/// Row i of both is pair i. fp64.
/// @param first, second  [n, d], not normalised
/// @param mean  [d] of unit embeddings, or empty
/// @throws ArgumentError for shapes that do not fit
PairCosines pair_cosines(MatrixView<const float> first, MatrixView<const float> second, std::span<const float> mean);

}  // namespace splice_cuda
