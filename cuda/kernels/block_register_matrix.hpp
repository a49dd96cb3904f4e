#pragma once

/// @file block_register_matrix.hpp
/// A tableau's matrix in a block's registers, a row a lane.

#include "kernels/gram_tiles.hpp"
#include "kernels/register_rows.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// What the block shares beside its registers.
template <int capacity>
struct BlockRegisterMatrixMemory {
  /// Products of atoms, lower triangle: row i begins at triangle_row(i).
  static constexpr int triangle = capacity * (capacity + 1) / 2;
  alignas(16) float stage[triangle];
  alignas(16) float vector[capacity];
  float diagonal[capacity];
};

constexpr int triangle_row(int i) { return i * (i + 1) / 2; }

template <class Group, int capacity>
class BlockRegisterMatrix : public RegisterRows<Group, capacity> {
  using Rows = RegisterRows<Group, capacity>;
  using Rows::diagonal_;
  using Rows::factors_;
  using Rows::group_;
  using Rows::rows_;
  using Rows::stage_;

 public:
  using Memory = BlockRegisterMatrixMemory<capacity>;
  static_assert(Group::size == capacity && Memory::triangle >= product_rows * Rows::pitch && Memory::triangle % 4 == 0);

  /// @param factors  [capacity], at a multiple of 16 bytes: scratch, see RegisterRows
  SPLICE_KERNEL BlockRegisterMatrix(Group& group, Memory& memory, float* factors)
      : Rows(group, group.array(memory.diagonal, capacity), group.array(memory.stage, Memory::triangle),
             group.array(memory.vector, capacity), group.array(factors, capacity)) {}

  /// See RegisterMatrix. The caller has a barrier afterwards.
  template <bool rough, class Atom, class Factor, class Use>
  SPLICE_KERNEL void set_gram(const AtomsView& atoms, int count, Atom atom, Factor factor, const Float16* vector, Use use) {
    static_assert(!rough, "sets of this size are not guessed");
    this->set_factors(atoms, count, atom, factor);
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int i = 4 * lane; i < Memory::triangle; i += 4 * Group::size) group_.store4(stage_, i, Four{});  // read where no atom is
    });
    group_.sync();
    group_.warps([&](auto& warp, int index) SPLICE_INLINED {
      // A short and a long row of tiles each: the same for all warps.
      SPLICE_NO_UNROLL
      for (int tile = index; tile < tile_rows; tile = tile < tile_rows / 2 ? tile_rows - 1 - index : tile_rows) {
        const int first = product_rows * tile;
        SPLICE_NO_UNROLL
        for (int column = 0; column < first + product_rows && first < count; column += octets * octet) {
          multiply(warp, atoms, count, first, column, atom, vector, use);
        }
      }
    });
    group_.sync();
    this->in_blocks(capacity, [&](int lane, int first) SPLICE_INLINED { keep_row(lane, first); });
    group_.each([&](int lane) SPLICE_INLINED {
      const float own = factors_[lane];
      diagonal_[lane] = stage_[triangle_row(lane) + lane] * (own * own);
    });
  }

 private:
  static constexpr int tile_rows = capacity / product_rows;
  static constexpr int octets = 8;  ///< of columns at once: with two sums of each, there is room for no more
  static_assert(tile_rows == 2 * Group::warp_count);

  /// Stages products of 16 atoms from `first` on with those from `column` on.
  template <class Warp, class Atom, class Use>
  SPLICE_KERNEL void multiply(Warp& warp, const AtomsView& atoms, int count, int first, int column, Atom atom,
                              const Float16* vector, Use use) {
    const int end = count < first + product_rows ? count : first + product_rows;  // no column is above the diagonal
    CrossTiles<Warp, octets, true> tiles;
    tiles.multiply(
        warp, atoms, count - first, [&](int i) -> std::int64_t { return atom(first + i); }, end - column,
        [&](int k) -> std::int64_t { return atom(column + k); }, vector);
    warp.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int j = 0; j < octets; ++j) {
        SPLICE_UNROLL
        for (int r = 0; r < sum_registers; ++r) {
          const int row = first + sum_row(lane, r);
          const int k = column + octet * j + sum_column(lane, r);
          if (k <= row) stage_[triangle_row(row) + k] = tiles.sums(lane, j)[r];
        }
      }
      if (column > 0) return;
      use_vector_sums(lane, count, first, factors_, [&](int r) { return tiles.sums(lane, octets)[r]; }, use);
    });
    warp.keep_order();
  }

  /// Columns of the lane's row, from `first` on. Rows of a triangle begin in 32 different banks, as sums of 1 to n do modulo any
  /// power of two.
  SPLICE_KERNEL void keep_row(int lane, int first) {
    const float own = factors_[lane];
    const int row = triangle_row(lane);
    SPLICE_UNROLL
    for (int k = first; k < first + Rows::block; k += 4) {
      const Four factors = group_.load4(factors_, k);
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) {
        const int column = k + e;
        const float product = stage_[column <= lane ? row + column : triangle_row(column) + lane];
        rows_[lane].of[0][column] = product * (own * factors.of[e]);
      }
    }
  }
};

}  // namespace splice_cuda::cuda
