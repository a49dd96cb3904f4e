#pragma once

/// @file relevance.hpp
/// Do the concepts of an image mean what its caption speaks of? (arXiv 2402.10376, semantic relevance.)

#include <cstdint>
#include <optional>
#include <span>

#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// Hausdorff distance max(max_a min_b d(a, b), max_b min_a d(a, b)) of two sets of rows, d(a, b) = 1 - cosine, in fp64.
/// @param rows, others  [., d], not normalised
/// @param a, b  indices of rows of `rows` and of `others`; those without a direction are left out
/// @returns nothing where a set is empty
/// @throws ArgumentError for an index out of range
std::optional<double> hausdorff_distance(MatrixView<const float> rows, std::span<const std::int32_t> a, MatrixView<const float> others,
                                         std::span<const std::int32_t> b);

/// Unit text embeddings out of atoms c = normalise(t - m), m the text mean: t = m + s c with the s > 0 that makes |t| = 1, which is
/// s = -m.c + sqrt((m.c)^2 + 1 - |m|^2) for |c| = 1. Without a text mean the atoms themselves.
/// @param atoms  in [0, p)
/// @param out    [atoms.size(), d]
/// @throws ArgumentError for an index out of range or another shape, and where |m| >= 1, which no mean of unit vectors is
void uncentered_atoms(const ConceptSpace& space, std::span<const std::int32_t> atoms, MatrixView<float> out);

}  // namespace splice_cuda
