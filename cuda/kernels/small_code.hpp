#pragma once

/// @file small_code.hpp
/// Residual and correlations of a code of few atoms, in fp64, by one look at each atom: of a slice of dimensions all atoms' numbers
/// lie in registers, the residual is made of them, and their products with it. Each half of a warp has every second atom.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Shared memory of a warp: place l has entry 2 (l % 16) + l / 16 of the code; past the end the first atom again, or atom 0, with weight 0.
struct SmallCode {
  static constexpr int slots = 16;  ///< of each half
  static constexpr int capacity = 2 * slots;
  alignas(16) double weights[capacity];
  alignas(16) std::int32_t atoms[capacity];

  static constexpr int entry(int place) { return 2 * (place % slots) + place / slots; }
};

/// The same as the warp's lanes share it.
template <class Group>
struct SharedCode {
  typename Group::template Array<double> weights;
  typename Group::template Array<std::int32_t> atoms;

  SPLICE_KERNEL SharedCode(Group& group, SmallCode& memory)
      : weights(group.array(memory.weights, SmallCode::capacity)), atoms(group.array(memory.atoms, SmallCode::capacity)) {}
};

/// Fills `code`. Ends with a barrier.
template <class Group>
SPLICE_KERNEL void load_small_code(Group& group, int count, const std::int32_t* atoms, const float* weights,
                                   const SharedCode<Group>& code) {
  group.each([&](int lane) {
    const int i = SmallCode::entry(lane);
    code.atoms[lane] = count > 0 ? atoms[i < count ? i : 0] : 0;
    code.weights[lane] = i < count ? static_cast<double>(weights[i]) : 0.0;
  });
  group.sync();
}

/// What a lane adds up: of its numbers' products with the residual, for each atom of its half.
struct SlotSums {
  double of[SmallCode::slots];
};

/// Residual and sums of a code that has no more than `used` entries a half of the warp.
template <int used, class Group, class Vector, class Use>
SPLICE_KERNEL void add_used_slots(Group& group, const AtomsView& atoms, const float* z, const SharedCode<Group>& code,
                                  const Vector& residual, typename Group::template PerLane<SlotSums>& sums, Use use) {
  constexpr int slots = SmallCode::slots;
  constexpr int width = 2;  // numbers of a lane: as many dimensions as lanes
  struct alignas(8) Pair {
    float of[width];
  };
  struct Slice {
    double values[used][width];
    double residual[width];
    Pair z;
  };
  typename Group::template PerLane<Slice> slice;
  SPLICE_NO_UNROLL
  for (std::int64_t first = 0; first < atoms.ld; first += Group::size) {
    group.each([&](int lane) SPLICE_INLINED {
      Slice& own = slice[lane];
      const int half = lane / slots;
      const std::int64_t k = first + width * (lane % slots);
      own.z = *reinterpret_cast<const Pair*>(z + k);
      Pair found[used];
      SPLICE_UNROLL
      for (int s = 0; s < used; ++s) {
        found[s] = *reinterpret_cast<const Pair*>(atom_row(atoms.atoms + k, code.atoms[half * slots + s], atoms.ld));
      }
      SPLICE_UNROLL
      for (int e = 0; e < width; ++e) own.residual[e] = half == 0 ? static_cast<double>(own.z.of[e]) : 0.0;
      SPLICE_UNROLL
      for (int s = 0; s < used; ++s) {
        const double weight = code.weights[half * slots + s];
        SPLICE_UNROLL
        for (int e = 0; e < width; ++e) {
          own.values[s][e] = static_cast<double>(found[s].of[e]);
          own.residual[e] = std::fma(-weight, own.values[s][e], own.residual[e]);
        }
      }
    });
    group.template add_other_half<width>([&](int lane) { return slice[lane].residual; });
    group.each([&](int lane) SPLICE_INLINED {
      const Slice& own = slice[lane];
      const int half = lane / slots;  // of the pair, each half has one
      const double mine = half == 0 ? own.residual[0] : own.residual[1];
      residual[first + width * (lane % slots) + half] = mine;
      use(lane, half == 0 ? own.z.of[0] : own.z.of[1], mine);
      SPLICE_UNROLL
      for (int s = 0; s < used; ++s) {
        SPLICE_UNROLL
        for (int e = 0; e < width; ++e) sums[lane].of[s] = std::fma(own.values[s][e], own.residual[e], sums[lane].of[s]);
      }
    });
  }
}

/// residual [ld] = z - C'w, and products[l] = <c_j, residual> for the atom j at place l. Ends with a barrier.
/// @param z    [ld], zero past the dimension
/// @param use  use(lane, z_k, residual_k) for every dimension, by one lane
template <class Group, class Vector, class Use>
SPLICE_KERNEL void multiply_small_code(Group& group, const AtomsView& atoms, const float* z, int count, const SharedCode<Group>& code,
                                       const Vector& residual, typename Group::template PerLane<double>& products, Use use) {
  typename Group::template PerLane<SlotSums> sums;
  group.each([&](int lane) { sums[lane] = {}; });
  // Branches in the loop over dimensions would cost registers that it does not have.
  switch ((count + 7) / 8) {
    case 0:
    case 1: add_used_slots<4>(group, atoms, z, code, residual, sums, use); break;
    case 2: add_used_slots<8>(group, atoms, z, code, residual, sums, use); break;
    case 3: add_used_slots<12>(group, atoms, z, code, residual, sums, use); break;
    default: add_used_slots<16>(group, atoms, z, code, residual, sums, use); break;
  }
  group.template sum_each_half<SmallCode::slots>([&](int lane) { return sums[lane].of; }, products);
  group.sync();
}

}  // namespace splice_cuda::cuda
