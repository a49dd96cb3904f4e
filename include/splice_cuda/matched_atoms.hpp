#pragma once

/// @file matched_atoms.hpp
/// The control of an intervention: as many random concepts that are used about as often.

#include <cstdint>
#include <span>
#include <vector>

namespace splice_cuda {

/// For each of `atoms` another one, at random among the ten of nearest frequency that are neither excluded nor taken. Atoms are served by
/// falling frequency, since frequent ones have few alike.
/// @param atoms     indices, each once
/// @param excluded  not to be chosen, beside `atoms` themselves
/// @param frequency rows that use each atom [p]
/// @returns ascending; fewer than `atoms` where there are no more. The same for the same seed, on every machine
/// @throws ArgumentError for indices that are not there
std::vector<std::int32_t> matched_atoms(std::span<const std::int32_t> atoms, std::span<const std::int32_t> excluded,
                                        std::span<const std::int64_t> frequency, std::uint64_t seed);

}  // namespace splice_cuda
