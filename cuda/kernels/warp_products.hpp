#pragma once

/// @file warp_products.hpp
/// Products of atoms by whole warps: each lane reads what lies next to what its neighbours read.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/row_products.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Atoms that a warp multiplies at once: their loads are on their way together.
inline constexpr int atoms_at_once = 8;

/// use(lane, i, <c_atom(i), x>) for i < count, by one lane of the group each.
/// @param source  FloatAtoms or HighAtoms
/// @param x  [ld], zero past the dimension; products are of T
template <class T, class Group, class Source, class Atom, class Vector, class Use>
SPLICE_KERNEL void each_product(Group& group, const Source& source, int count, Atom atom, const Vector& x, Use use) {
  group.warps([&](auto& warp, int index) SPLICE_INLINED {
    using Warp = std::remove_reference_t<decltype(warp)>;
    constexpr int width = Source::width;
    constexpr std::int64_t stride = width * Warp::size;
    struct Sums {
      T of[atoms_at_once];
    };
    typename Warp::template PerLane<Sums> sums;
    typename Warp::template PerLane<T> totals;
    SPLICE_NO_UNROLL
    for (int first = index * atoms_at_once; first < count; first += Group::warp_count * atoms_at_once) {
      decltype(source.row(0)) rows[atoms_at_once];
      SPLICE_UNROLL
      for (int e = 0; e < atoms_at_once; ++e) {  // past the end: the last one again
        rows[e] = source.row(atom(first + e < count ? first + e : count - 1));
      }
      warp.each([&](int lane) SPLICE_INLINED {
        Sums own = {};
        SPLICE_NO_UNROLL
        for (std::int64_t k = width * lane; k < source.ld; k += 2 * stride) {
          // Two lots of loads; past the end they are those of the first one, times 0.
          const bool both = k + stride < source.ld;
          const std::int64_t second = both ? k + stride : k;
          T right[2][width];
          typename Source::Lot left[2][atoms_at_once];
          SPLICE_UNROLL
          for (int e = 0; e < width; e += 4) {
            read_four<T>(warp, x, k + e, right[0] + e);
            read_four<T>(warp, x, second + e, right[1] + e);
          }
          SPLICE_UNROLL
          for (int i = 0; i < atoms_at_once; ++i) left[0][i] = source.load(warp, rows[i], k);
          SPLICE_UNROLL
          for (int i = 0; i < atoms_at_once; ++i) left[1][i] = source.load(warp, rows[i], second);
          SPLICE_UNROLL
          for (int lot = 0; lot < 2; ++lot) {
            SPLICE_UNROLL
            for (int e = 0; e < width; ++e) {
              const T factor = lot == 0 || both ? right[lot][e] : T(0);
              SPLICE_UNROLL
              for (int i = 0; i < atoms_at_once; ++i) {
                own.of[i] = std::fma(static_cast<T>(Source::template number<Warp>(left[lot][i], e)), factor, own.of[i]);
              }
            }
          }
        }
        sums[lane] = own;
      });
      warp.template sum_each<atoms_at_once>([&](int lane) { return sums[lane].of; }, totals);
      warp.each([&](int lane) SPLICE_INLINED {
        const int i = sum_of_lane(lane, atoms_at_once);
        if (i >= 0 && first + i < count) use(32 * index + lane, first + i, totals[lane]);
      });
    }
  });
}

/// out(i, <c_atom(i), x>) for i < count, by one lane each. The caller has a barrier afterwards.
/// @param x  [ld], zero past the dimension; products are of T
template <class T, class Group, class Source, class Atom, class Vector, class Out>
SPLICE_KERNEL void dot_atoms(Group& group, const Source& source, int count, Atom atom, const Vector& x, Out out) {
  each_product<T>(group, source, count, atom, x, [&](int, int i, T product) { out(i, product); });
}

/// out[i] = <c_list[i], x> for i < count, in float32. Ends with a barrier.
/// @param source  FloatAtoms or HighAtoms
/// @param x       [ld], zero past the dimension
template <class Group, class Source, class List, class Vector, class Out>
SPLICE_OUT_OF_LINE void dot_listed(Group& group, Source source, int count, List list, Vector x, Out out) {
  dot_atoms<float>(
      group, source, count, [&](int i) -> std::int64_t { return static_cast<std::int32_t>(list[i]); }, x,
      [&](int i, float product) { out[i] = product; });
  group.sync();
}

/// out(i, k, <c_atom(i), c_atom(k)>) for k <= i < count, by one lane each, in float32: blocks of 4 x 4 atoms a warp, whose
/// sums stay in registers. The caller has a barrier afterwards.
template <class Group, class Atom, class Out>
SPLICE_KERNEL void gram_of_atoms(Group& group, const AtomsView& atoms, int count, Atom atom, Out out) {
  constexpr int edge = 4;
  const int blocks = (count + edge - 1) / edge;
  group.warps([&](auto& warp, int index) {
    using Warp = std::remove_reference_t<decltype(warp)>;
    struct Sums {
      float of[edge][edge];
    };
    typename Warp::template PerLane<Sums> sums;
    for (int block = index; block < blocks * (blocks + 1) / 2; block += Group::warp_count) {
      // The triangle's blocks in rows: 0; 1, 2; 3, 4, 5; ...
      int i0 = 0;
      int k0 = block;
      while (k0 > i0) k0 -= ++i0;
      i0 *= edge;
      k0 *= edge;
      const float* rows[edge];
      const float* cols[edge];
      SPLICE_UNROLL
      for (int e = 0; e < edge; ++e) {  // past the end: the last one again
        rows[e] = atoms.atoms + atom(i0 + e < count ? i0 + e : count - 1) * atoms.ld;
        cols[e] = atoms.atoms + atom(k0 + e < count ? k0 + e : count - 1) * atoms.ld;
      }
      warp.each([&](int lane) {
        SPLICE_UNROLL
        for (int i = 0; i < edge; ++i) {
          SPLICE_UNROLL
          for (int k = 0; k < edge; ++k) sums[lane].of[i][k] = 0;
        }
        for (std::int64_t at = lane; at < atoms.dim; at += Warp::size) {
          float left[edge];
          SPLICE_UNROLL
          for (int e = 0; e < edge; ++e) left[e] = rows[e][at];
          SPLICE_UNROLL
          for (int k = 0; k < edge; ++k) {
            const float right = cols[k][at];
            SPLICE_UNROLL
            for (int i = 0; i < edge; ++i) sums[lane].of[i][k] = std::fma(left[i], right, sums[lane].of[i][k]);
          }
        }
      });
      SPLICE_UNROLL
      for (int i = 0; i < edge; ++i) {
        SPLICE_UNROLL
        for (int k = 0; k < edge; ++k) {
          const float product = warp.template sum<float>([&](int lane) { return sums[lane].of[i][k]; });
          if (i0 + i < count && k0 + k <= i0 + i) warp.once([&] { out(i0 + i, k0 + k, product); });
        }
      }
    }
  });
}

}  // namespace splice_cuda::cuda
