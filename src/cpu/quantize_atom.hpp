#pragma once

/// @file quantize_atom.hpp
/// The int8 copy of one atom, and what the copy lost.

#include <cstdint>

namespace splice_cuda::cpu {

/// c ~ scale * row8. Equal bit by bit on every instruction set: all products are exact in fp64, and the order
/// of the sums is fixed.
struct QuantizedAtom {
  float scale = 0;
  float error = 0;       ///< upper bound of |c - scale row8|
  float norm = 0;        ///< upper bound of |c|
  std::int32_t sum = 0;  ///< of the int8 entries
};

/// @param atom  [size] finite, at least as aligned as its element type; float, Float16 or BFloat16
/// @param size  a multiple of 8
template <class T>
QuantizedAtom quantize_atom(const T* atom, std::int64_t size, std::int8_t* row8);

}  // namespace splice_cuda::cpu
