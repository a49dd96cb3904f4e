#pragma once

/// @file half_products.hpp
/// Products of atoms' high float16 parts with a vector by one warp's tensor cores: half the bytes of float32 atoms, with an
/// error bound (math::half_product_error) that leaves little to look at closely.

#include <cmath>
#include <cstdint>

#include "core/half.hpp"
#include "kernels/gram_tiles.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// halves[0 .. ld) + halves[ld .. 2 ld) = x / scale, to within 2^-22 of the largest number, which is scaled to [2^9, 2^10).
/// Ends with a barrier. @returns scale, a power of two
/// @param x  [ld], zero past the dimension
template <class Group, class Vector, class Halves>
SPLICE_OUT_OF_LINE float split_vector(Group& group, std::int64_t ld, Vector x, Halves halves) {
  const float largest = group.template max<float>([&](int lane) {
    float found = 0;
    SPLICE_NO_UNROLL
    for (std::int64_t k = lane; k < ld; k += Group::size) {
      const float size = std::fabs(static_cast<float>(x[k]));
      found = size > found ? size : found;
    }
    return found;
  });
  int exponent = 0;
  if (largest > 0) static_cast<void>(std::frexp(largest, &exponent));  // largest < 2^exponent
  const int shift = largest > 0 ? 10 - exponent : 0;
  group.each([&](int lane) {
    SPLICE_NO_UNROLL
    for (std::int64_t k = lane; k < ld; k += Group::size) {
      const float scaled = std::ldexp(static_cast<float>(x[k]), shift);
      const Float16 high = to_float16(scaled);
      halves[k] = high;
      halves[ld + k] = to_float16(scaled - to_float(high));
    }
  });
  group.sync();
  return std::ldexp(1.0f, -shift);
}

/// out[i] = scale <high part of atom list[i], vector> for i < count: times half_scales it is c.x. Ends with a barrier.
/// @param all     [, 2, ld] AtomsView::halves
/// @param vector  [2, ld], see split_vector
template <class Group, class List, class Halves, class Out>
SPLICE_OUT_OF_LINE void dot_high_parts(Group& group, const Float16* all, std::int64_t ld, int count, List list, Halves vector,
                                       float scale, Out out) {
  constexpr int octets = 4;
  constexpr int tiles = octets / 2;
  constexpr int slices_at_once = 2;
  AtomsView atoms;
  atoms.halves = all;
  atoms.ld = ld;
  group.warps([&](auto& warp, int index) SPLICE_INLINED {
    using Warp = std::remove_reference_t<decltype(warp)>;
    struct Sums {
      float of[tiles][sum_registers];
    };
    struct Slices {
      Chunk rows[slices_at_once][octets];
      Chunk columns[slices_at_once];
    };
    typename Warp::template PerLane<Sums> sums;
    typename Warp::template PerLane<Slices> slices;
    SPLICE_NO_UNROLL
    for (int first = octets * octet * index; first < count; first += octets * octet * Group::warp_count) {
      AtomOctets<Warp, octets> rows(warp, atoms, count - first,
                                    [&](int i) -> std::int64_t { return static_cast<std::int32_t>(list[first + i]); });
      warp.each([&](int lane) SPLICE_INLINED { sums[lane] = {}; });
      SPLICE_NO_UNROLL
      for (std::int64_t k = 0; k < ld; k += slices_at_once * slice_width) {
        warp.each([&](int lane) SPLICE_INLINED {
          SPLICE_UNROLL
          for (int s = 0; s < slices_at_once; ++s) {
            SPLICE_UNROLL
            for (int o = 0; o < octets; ++o) slices[lane].rows[s][o] = rows.high(lane, o, k + s * slice_width);
            slices[lane].columns[s] = vector_columns(warp, vector, ld, lane, k + s * slice_width);
          }
        });
        SPLICE_UNROLL
        for (int s = 0; s < slices_at_once; ++s) {
          SPLICE_UNROLL
          for (int lot = 0; lot < slice_lots; ++lot) {
            SPLICE_UNROLL
            for (int i = 0; i < tiles; ++i) {
              multiply_lot(
                  warp, lot, [&](int lane) { return slices[lane].rows[s][2 * i]; },
                  [&](int lane) { return slices[lane].rows[s][2 * i + 1]; }, [&](int lane) { return slices[lane].columns[s]; },
                  [&](int lane) { return sums[lane].of[i]; });
            }
          }
        }
      }
      warp.each([&](int lane) SPLICE_INLINED {
        if (lane_in_quad(lane) != 0) return;
        SPLICE_UNROLL
        for (int i = 0; i < tiles; ++i) {
          SPLICE_UNROLL
          for (int upper = 0; upper < 2; ++upper) {
            const int at = first + product_rows * i + octet * upper + lane_group_of(lane);
            if (at < count) out[at] = vector_product(sums[lane].of[i], upper) * scale;
          }
        }
      });
    }
  });
  group.sync();
}

}  // namespace splice_cuda::cuda
