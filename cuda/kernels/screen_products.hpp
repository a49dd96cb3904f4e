#pragma once

/// @file screen_products.hpp
/// Stage `screen`: a warp's products of one slice, with operands that it loads into registers.

#include <cstdint>

#include "kernels/screen_memory.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

template <class Geometry>
struct SliceOperands {
  std::uint32_t rows[Geometry::row_products * row_registers];
  std::uint32_t atoms[Geometry::piece_products * column_registers];
};

/// 32 bytes of the slice. @param operands  PerLane<SliceOperands>
template <class Geometry, class Warp, class Chunks, class Operands>
SPLICE_KERNEL void load_operands(Warp& warp, const Chunks& rows, int first_row, const Chunks& atoms, int first_atom, int step,
                                 Operands& operands) {
  // Matrices: rows 0-7 and 8-15 of the first 16 bytes, then of the others; both halves of atoms 0-7, then of atoms 8-15.
  const auto row = [&](int lane) { return (first_row + Geometry::chunk_at(lane % 16, lane / 16)) ^ (2 * step); };
  const auto atom = [&](int lane) {
    return (first_atom + Geometry::chunk_at(lane / 16 * 8 + lane % 8, lane / 8 % 2)) ^ (2 * step);
  };
  constexpr int sixteen_rows = 16 * Geometry::row_chunks;  // which lie alike
  SPLICE_UNROLL
  for (int i = 0; i < Geometry::row_products; ++i) {
    warp.load_matrices(rows, [&](int lane) { return row(lane) + i * sixteen_rows; },
                       [&](int lane) { return operands[lane].rows + i * row_registers; });
  }
  SPLICE_UNROLL
  for (int j = 0; j < Geometry::piece_products / 2; ++j) {
    warp.load_matrices(atoms, [&](int lane) { return atom(lane) + j * sixteen_rows; },
                       [&](int lane) { return operands[lane].atoms + 2 * j * column_registers; });
  }
}

/// @param first_row, first_atom  the chunks where the warp's begin, both rows of a multiple of 8
/// @param sums  of a lane, by the functor: in the order of ScreenPieces
template <class Geometry, class Warp, class Chunks, class Sums>
SPLICE_KERNEL void multiply_slice(Warp& warp, const Chunks& rows, int first_row, const Chunks& atoms, int first_atom,
                                  Sums sums) {
  SPLICE_UNROLL
  for (int step = 0; step < Geometry::slice_products; ++step) {
    typename Warp::template PerLane<SliceOperands<Geometry>> operands;
    load_operands<Geometry>(warp, rows, first_row, atoms, first_atom, step, operands);
    SPLICE_UNROLL
    for (int i = 0; i < Geometry::row_products; ++i) {
      SPLICE_UNROLL
      for (int j = 0; j < Geometry::piece_products; ++j) {
        warp.multiply_add_s8([&](int lane) { return operands[lane].rows + i * row_registers; },
                             [&](int lane) { return operands[lane].atoms + j * column_registers; },
                             [&](int lane) { return sums(lane) + (i * Geometry::piece_products + j) * sum_registers; });
      }
    }
  }
}

}  // namespace splice_cuda::cuda
