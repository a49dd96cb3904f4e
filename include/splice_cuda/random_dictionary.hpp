#pragma once

/// @file random_dictionary.hpp
/// Dictionaries without meaning, to compare named concepts with.

#include <cstdint>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

/// Directions of standard normal vectors: uniform on the unit sphere (Muller 1959). [size, dim]; the same for a seed, everywhere but
/// for last bits.
/// @throws ArgumentError for a shape that no dictionary has
std::vector<float> random_atoms(std::int64_t size, std::int64_t dim, std::uint64_t seed);

/// Directions of normal vectors with the mean and the covariance of a dictionary's atoms: its spectrum without its concepts.
/// [size, like.dim()]
/// @throws ArgumentError likewise
std::vector<float> random_atoms_like(const ConceptSpace& like, std::int64_t size, std::uint64_t seed);

}  // namespace splice_cuda
