#pragma once

/// @file dictionary_health.hpp
/// What a dictionary is like: how alike its atoms are, and how many directions they really have.

#include <array>
#include <cstdint>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

struct AtomPair {
  std::int32_t first = 0;
  std::int32_t second = 0;
  float cosine = 0;
};

struct DictionaryHealth {
  /// Largest cosine of two different atoms; 0 for a single one.
  float coherence = 0;
  /// The pairs of largest cosine, largest first.
  std::vector<AtomPair> nearest_pairs;
  /// Quantiles 0, 0.25, 0.5, 0.75, 1 of each atom's cosine with its nearest neighbour.
  std::array<float, 5> nearest_cosine_quantiles{};
  /// exp(entropy of the normalised eigenvalues of C'C): between 1 and d (Roy & Vetterli 2007).
  double effective_rank = 0;
  /// Atoms whose length is not 1 to 1e-4.
  std::int64_t non_unit_atoms = 0;
  /// Atoms that equal an earlier one bit by bit.
  std::int64_t equal_atoms = 0;
};

/// O(p^2 d): seconds for 15,000 atoms.
/// @param pairs  number of nearest_pairs wanted, >= 0
/// @throws ArgumentError, CancelledError
DictionaryHealth examine_dictionary(const Context& context, const ConceptSpace& space, std::int64_t pairs = 10);

}  // namespace splice_cuda
