#pragma once

/// @file atom_names.hpp
/// Whether an atom is one of a few: by comparisons whose loads are on their way together.

#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

inline constexpr std::int32_t no_atom = -1;
inline constexpr int names_at_once = 8;

/// The first `count` of `capacity` places, all others without an atom. Ends with a barrier.
template <class Group, class Names, class Atom>
SPLICE_KERNEL void name_atoms(Group& group, const Names& names, int capacity, int count, Atom atom) {
  group.each([&](int lane) SPLICE_INLINED {
    SPLICE_NO_UNROLL
    for (int i = lane; i < capacity; i += Group::size) names[i] = i < count ? atom(i) : no_atom;
  });
  group.sync();
}

/// Whether `wanted` is among the first `count` names; up to a multiple of names_at_once, what follows them holds no atom.
template <class Names>
SPLICE_KERNEL bool has_name(const Names& names, int count, std::int32_t wanted) {
  bool found = false;
  SPLICE_NO_UNROLL
  for (int first = 0; first < count; first += names_at_once) {
    SPLICE_UNROLL
    for (int e = 0; e < names_at_once; ++e) found |= static_cast<std::int32_t>(names[first + e]) == wanted;
  }
  return found;
}

}  // namespace splice_cuda::cuda
