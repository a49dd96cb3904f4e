#pragma once

/// @file suggest_penalty.hpp
/// A penalty to start from, where the one that was chosen leaves no concept.

#include <cstdint>
#include <optional>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

/// Most rows that suggest_penalty looks at.
constexpr std::int64_t suggestion_rows = 256;

/// The l1_penalty at which codes have about `l0` concepts: each row of the sample is solved for that target, and the median of
/// the penalties found is returned (of an even number the lower of the two in the middle). Rows without a code at any penalty
/// have no part.
/// @param sample   raw embeddings [n, d] on the host; of more than `suggestion_rows` rows, that many evenly spread ones are used
/// @param context  its threads, memory limit and cancel callback; solved on the CPU whatever its device: rows are few
/// @param options  the problem; penalty and targets are replaced
/// @returns nothing where no row has a code
std::optional<float> suggest_penalty(const ConceptSpace& space, const Context& context, MatrixView<const float> sample,
                                     const DecomposeOptions& options = {}, const PrepareOptions& prepare = {}, std::int32_t l0 = 10);

}  // namespace splice_cuda
