#pragma once

/// @file unit_atoms.hpp
/// Atoms as vectors of length 1: those of a plain .npy need not be.

#include <cstdint>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

/// One atom scaled to length 1, in fp64. [dim]
std::vector<double> unit_atom(const ConceptSpace& space, std::int64_t atom);

/// Cosine of two atoms of length 1.
double dot(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace splice_cuda
