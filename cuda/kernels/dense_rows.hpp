#pragma once

/// @file dense_rows.hpp
/// Pieces of the dense solvers' kernels: weights of all atoms to a list of those that are not 0, and residuals in float32.

#include <cstdint>

#include "kernels/row_products.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Calls visit(j, lane) for every atom j < size, whose result is the atom's weight, and lists the atoms whose weight is not
/// 0, ascending. Every atom is visited once, always by the same lane. Begins and ends with a barrier. @returns how many
template <class Group, class Visit, class Atoms, class Weights>
SPLICE_KERNEL int list_weights(Group& group, std::int64_t size, Visit visit, const Atoms& atoms, const Weights& weights) {
  typename Group::template PerLane<int> position;
  typename Group::template PerLane<float> weight;
  int count = 0;
  group.sync();
  for (std::int64_t first = 0; first < size; first += Group::size) {
    group.each([&](int lane) { weight[lane] = first + lane < size ? visit(first + lane, lane) : 0.0f; });
    const int found = group.positions([&](int lane) { return weight[lane] != 0; }, position);
    if (found == 0) continue;
    group.each([&](int lane) {
      if (weight[lane] == 0) return;
      atoms[count + position[lane]] = static_cast<std::int32_t>(first + lane);
      weights[count + position[lane]] = weight[lane];
    });
    count += found;
  }
  group.sync();
  return count;
}

/// out = z - sum of weights[i] c_atoms[i], summed in fp64, as float32; 0 past dim. Ends with a barrier.
template <class Group, class Atoms, class Weights, class Out>
SPLICE_KERNEL void float_residual(Group& group, const AtomsView& view, const float* z, int count, const Atoms& atoms,
                                  const Weights& weights, const Out& out) {
  group.each([&](int lane) {
    for (std::int64_t k = lane; k < view.ld; k += Group::size) {
      double r = static_cast<double>(z[k]);
      for (int i = 0; i < count; ++i) {
        const std::int64_t atom = static_cast<std::int32_t>(atoms[i]);
        r = std::fma(-static_cast<double>(static_cast<float>(weights[i])), static_cast<double>(view.atoms[atom * view.ld + k]), r);
      }
      out[k] = static_cast<float>(r);
    }
  });
  group.sync();
}

}  // namespace splice_cuda::cuda
