#pragma once

/// @file demo_problem.hpp
/// Embeddings whose concepts are known, made without any file.

#include <cstdint>
#include <string>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct DemoProblem {
  ConceptSpace space;                                ///< two-word concepts, centred, with an image mean
  std::vector<float> embeddings;                     ///< [rows, dim], raw: of any length, not centred
  std::vector<std::vector<std::int32_t>> concepts;   ///< what each row was made of, heaviest first
};

/// A concept's vector is a part of each of its two words and a part of its own, so that "red car" is near to
/// "red apple" and to "old car" as in real vocabularies. An embedding is the sum of a few concepts with falling
/// weights, noise, and the mean that all images share.
/// @param atoms  2 to 10,000: the concepts' mean is taken off, and of a single one nothing would be left
/// @throws OutOfMemoryError where the machine can't hold the rows, CancelledError once a signal has come
DemoProblem make_demo_problem(std::int64_t atoms, std::int64_t dim, std::int64_t rows, std::uint64_t seed);

}  // namespace splice_cuda::cli
