#pragma once

/// @file split_atoms.hpp
/// Atoms in two float16 parts, which tensor cores multiply: x 2^s = high + low, to within 2^-22 of x for all that matters
/// beside the atom's largest number, which is scaled to [2^9, 2^10).

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct HalfPair {
  Float16 high;
  Float16 low;
};

template <class Group>
SPLICE_KERNEL HalfPair split_number(float scaled) {
  const Float16 high = Group::half_of(scaled);
  return {high, Group::half_of(scaled - Group::float_of(high))};
}

/// Item: an atom.
struct SplitAtomsKernel {
  struct Args {
    AtomsView atoms;
    Float16* halves = nullptr;  ///< [p, 2, ld] AtomsView::halves
    float* scales = nullptr;    ///< [p] AtomsView::half_scales
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 8;
  static constexpr const char* name = "split_atoms_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    const std::int64_t ld = args.atoms.ld;
    const float* atom = args.atoms.atoms + item * ld;
    const float largest = group.template max<float>([&](int lane) {
      float found = 0;
      for (std::int64_t k = lane; k < ld; k += Group::size) found = std::fabs(atom[k]) > found ? std::fabs(atom[k]) : found;
      return found;
    });
    int exponent = 0;
    if (largest > 0) static_cast<void>(std::frexp(largest, &exponent));  // largest < 2^exponent
    const int wanted = largest > 0 ? 10 - exponent : 0;
    const int shift = wanted < 126 ? wanted : 126;  // whose opposite is a float32
    auto halves = group.array(args.halves + 2 * item * ld, 2 * ld);
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < ld; k += Group::size) {
        const HalfPair pair = split_number<Group>(std::ldexp(atom[k], shift));
        halves[k] = pair.high;
        halves[ld + k] = pair.low;
      }
    });
    group.once([&] { args.scales[item] = std::ldexp(1.0f, -shift); });
  }
};

}  // namespace splice_cuda::cuda
