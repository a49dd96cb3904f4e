#pragma once

/// @file write_code.hpp
/// The code of a row from a working set: atoms ascending, weights rounded to what float32 holds in the row's own units.

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/atom_names.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// A weight of the problem scaled by 2^exponent, such that its value in the row's own units is a float32; 0 where that
/// is 0 or infinite.
SPLICE_KERNEL float round_weight(double weight, int exponent) {
  const auto own = static_cast<float>(static_cast<float>(weight) * std::ldexp(1.0, -exponent));
  if (own == 0 || !std::isfinite(own)) return 0;
  return static_cast<float>(static_cast<double>(own) * std::ldexp(1.0, exponent));
}

/// A weight that round_weight has made, in the row's own units: exact.
SPLICE_KERNEL float unscaled_weight(float weight, int exponent) {
  return static_cast<float>(std::ldexp(static_cast<double>(weight), -exponent));
}

/// The first `count` entries of a row's code, in the row's own units, to atoms and values.
template <class Group, class Atoms, class Values>
SPLICE_KERNEL void copy_code(Group& group, const RowsView& rows, std::int64_t row, std::int64_t count, const Atoms& atoms,
                             const Values& values) {
  const std::int64_t from = row * rows.code_capacity;
  const int exponent = rows.exponent[row];
  group.each([&](int lane) {
    SPLICE_NO_UNROLL
    for (std::int64_t i = lane; i < count; i += Group::size) {
      atoms[i] = rows.code_atoms[from + i];
      values[i] = unscaled_weight(rows.code_weights[from + i], exponent);
    }
  });
}

/// Writes atom(k) and weight(k) of the places k < size whose weight is not 0. Places hold different atoms. At most
/// code_capacity of them: an independent support has no more. Nobody of the group may read the old code without a barrier
/// before, nor the new one without a barrier afterwards.
/// @param kept  [size] scratch that holds any atom, and that nobody may read without a barrier before
template <class Group, class Atom, class Weight, class Kept>
SPLICE_KERNEL void write_code(Group& group, const RowsView& rows, std::int64_t row, int size, Atom atom, Weight weight,
                              const Kept& kept) {
  constexpr std::int32_t nowhere = std::numeric_limits<std::int32_t>::max();
  const int exponent = rows.exponent[row];
  auto atoms = group.array(rows.code_atoms + row * rows.code_capacity, rows.code_capacity);
  auto weights = group.array(rows.code_weights + row * rows.code_capacity, rows.code_capacity);
  group.each([&](int lane) {
    SPLICE_NO_UNROLL
    for (int k = lane; k < size; k += Group::size) kept[k] = round_weight(weight(k), exponent) != 0 ? atom(k) : nowhere;
  });
  group.sync();
  const int count = group.template sum<int>([&](int lane) {
    int found = 0;
    SPLICE_NO_UNROLL
    for (int k = lane; k < size; k += Group::size) {
      const auto own = static_cast<std::int32_t>(kept[k]);
      if (own == nowhere) continue;
      ++found;
      int place = 0;  // how many lower atoms there are
      SPLICE_NO_UNROLL
      for (int first = 0; first < size; first += names_at_once) {  // whose loads are on their way together
        SPLICE_UNROLL
        for (int e = 0; e < names_at_once; ++e) {
          place += first + e < size && static_cast<std::int32_t>(kept[first + e]) < own ? 1 : 0;
        }
      }
      if (place >= rows.code_capacity) continue;
      atoms[place] = own;
      weights[place] = round_weight(weight(k), exponent);
    }
    return found;
  });
  group.once([&] {
    rows.code_count[row] = count < rows.code_capacity ? count : static_cast<std::int32_t>(rows.code_capacity);
  });
}

}  // namespace splice_cuda::cuda
