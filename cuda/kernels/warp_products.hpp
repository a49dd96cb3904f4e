#pragma once

/// @file warp_products.hpp
/// Products of atoms by whole warps: each lane reads what lies next to what its neighbours read.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// <c_j, x> for x [dim], in T.
template <class T, class Warp, class Vector>
SPLICE_KERNEL T warp_dot(Warp& warp, const AtomsView& atoms, std::int64_t j, const Vector& x) {
  const float* atom = atoms.atoms + j * atoms.ld;
  return warp.template sum<T>([&](int lane) {
    T sum = 0;
    for (std::int64_t k = lane; k < atoms.dim; k += Warp::size) {
      sum = std::fma(static_cast<T>(atom[k]), static_cast<T>(x[k]), sum);
    }
    return sum;
  });
}

/// out(i, <c_atom(i), x>) for i < count, by one lane each. The caller has a barrier afterwards.
template <class T, class Group, class Atom, class Vector, class Out>
SPLICE_KERNEL void dot_atoms(Group& group, const AtomsView& atoms, int count, Atom atom, const Vector& x, Out out) {
  group.warps([&](auto& warp, int index) {
    for (int i = index; i < count; i += Group::warp_count) {
      const T product = warp_dot<T>(warp, atoms, atom(i), x);
      warp.once([&] { out(i, product); });
    }
  });
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
