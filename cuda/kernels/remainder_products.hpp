#pragma once

/// @file remainder_products.hpp
/// Products of a row's int8 copy with the remainders of atoms (remainders.hpp): exact integers, by whole warps.

#include <cstdint>
#include <type_traits>

#include "kernels/remainders.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// sums[i] = sum_k n_jk q_k for j = list[i], i < count. Ends with a barrier.
/// @param q  [ld] the row's int8 copy, zero past the dimension
template <class Group, class List, class Sums>
SPLICE_OUT_OF_LINE void multiply_remainders(Group& group, const std::uint32_t* remainders, std::int64_t ld, int count, List list,
                                            const std::int8_t* q, Sums sums) {
  group.warps([&](auto& warp, int index) SPLICE_INLINED {
    using Warp = std::remove_reference_t<decltype(warp)>;
    constexpr int numbers = 16;  // of a lane at once: 16 bytes of the copy, 8 of an atom's remainders
    struct alignas(8) Words {
      std::uint32_t of[2];
    };
    struct Products {
      std::int32_t of[atoms_at_once];
    };
    typename Warp::template PerLane<Products> products;
    typename Warp::template PerLane<std::int32_t> totals;
    SPLICE_NO_UNROLL
    for (int first = index * atoms_at_once; first < count; first += Group::warp_count * atoms_at_once) {
      const std::uint32_t* rows[atoms_at_once];
      SPLICE_UNROLL
      for (int i = 0; i < atoms_at_once; ++i) {  // past the end: the last one again
        const std::int32_t atom = list[first + i < count ? first + i : count - 1];
        rows[i] = atom_row(remainders, atom, ld / remainders_of_word);
      }
      warp.each([&](int lane) SPLICE_INLINED {
        Products own = {};
        SPLICE_NO_UNROLL
        for (std::int64_t k = numbers * lane; k < ld; k += numbers * Warp::size) {
          const Chunk copy = *reinterpret_cast<const Chunk*>(q + k);
          Words words[atoms_at_once];
          SPLICE_UNROLL
          for (int i = 0; i < atoms_at_once; ++i) words[i] = *reinterpret_cast<const Words*>(rows[i] + k / remainders_of_word);
          std::int32_t offset = 0;
          SPLICE_UNROLL
          for (int w = 0; w < 4; ++w) offset = Warp::dot_bytes(copy.words[w], 0x01010101u * remainder_offset, offset);
          SPLICE_UNROLL
          for (int i = 0; i < atoms_at_once; ++i) {
            own.of[i] -= offset;
            SPLICE_UNROLL
            for (int w = 0; w < 2; ++w) {
              constexpr std::uint32_t halves = 0x0F0F0F0Fu;
              own.of[i] = Warp::dot_bytes(copy.words[2 * w], words[i].of[w] & halves, own.of[i]);
              own.of[i] = Warp::dot_bytes(copy.words[2 * w + 1], words[i].of[w] >> 4 & halves, own.of[i]);
            }
          }
        }
        products[lane] = own;
      });
      warp.template sum_each<atoms_at_once>([&](int lane) { return products[lane].of; }, totals);
      warp.each([&](int lane) SPLICE_INLINED {
        const int i = sum_of_lane(lane, atoms_at_once);
        if (i >= 0 && first + i < count) sums[first + i] = totals[lane];
      });
    }
  });
  group.sync();
}

/// Arrays of a group's scratch, of as many places as its list: listed atoms that may matter, their remainders' sums, and of them what still may.
inline constexpr int candidate_lists = 3;

/// @param candidates  [groups, candidate_lists, room]
template <class Group>
SPLICE_KERNEL typename Group::template Array<std::int32_t> candidate_list(Group& group, std::int32_t* candidates, int number,
                                                                          std::int64_t room) {
  return group.array(candidates + (candidate_lists * group.index() + number) * room, room);
}

/// A listed atom with its remainder's product.
struct RefinedEntry {
  std::int32_t atom;
  float value;  ///< ListEntry::value
  std::int32_t sum;
  RemainderScale remainder;
};

template <class Atoms, class Values, class Sums>
SPLICE_KERNEL RefinedEntry refined_entry(const ProblemView& problem, const Atoms& atoms, const Values& values, const Sums& sums, int i) {
  const std::int32_t atom = atoms[i];
  return {atom, values[i], sums[i], problem.remainder[atom]};
}

/// c_j.r^ / a_j, to within remainder.error |r^|.
/// @param scale  of the row's int8 copy
SPLICE_KERNEL float refined_value(const RefinedEntry& entry, float scale) {
  return entry.value + entry.remainder.weight * scale * static_cast<float>(entry.sum);
}

}  // namespace splice_cuda::cuda
