#pragma once

/// @file register_matrix.hpp
/// A tableau's matrix in a warp's registers.

#include "kernels/gram_tiles.hpp"
#include "kernels/register_rows.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// What the warp shares beside its registers.
template <int capacity>
struct RegisterMatrixMemory {
  static constexpr int slice = 32;  ///< rows that are staged at once
  float diagonal[capacity];
  alignas(16) float stage[slice * staged_pitch(capacity)];
};

template <class Group, int capacity>
class RegisterMatrix : public RegisterRows<Group, capacity> {
  using Rows = RegisterRows<Group, capacity>;
  using Rows::diagonal_;
  using Rows::factors_;
  using Rows::group_;
  using Rows::own_rows;
  using Rows::rows_;
  using Rows::stage_;

 public:
  static_assert(Group::size == 32);
  using Memory = RegisterMatrixMemory<capacity>;

  /// @param factors  [capacity], at a multiple of 16 bytes: scratch, see RegisterRows
  SPLICE_KERNEL RegisterMatrix(Group& group, Memory& memory, float* factors)
      : Rows(group, group.array(memory.diagonal, capacity), group.array(memory.stage, Memory::slice * Rows::pitch),
             group.array(memory.stage + (Memory::slice - 1) * Rows::pitch, capacity), group.array(factors, capacity)) {}

  /// M_ik = factor(i) factor(k) <c_atom(i), c_atom(k)>, by tensor cores; rows of tiles go through shared memory to the lanes that
  /// keep them.
  /// @tparam rough  a guess will do
  /// @param vector  [2, ld] in parts, scaled by vector_scale
  /// @param use     use(i, factor(i) <c_atom(i), vector>) for i < count, by one lane each
  template <bool rough, class Atom, class Factor, class Use>
  SPLICE_KERNEL void set_gram(const AtomsView& atoms, int count, Atom atom, Factor factor, const Float16* vector, Use use) {
    this->set_factors(atoms, count, atom, factor);
    GramTiles<Group, capacity / octet> tiles;
    tiles.template multiply<rough ? HalfParts::high : HalfParts::both>(group_, atoms, count, atom, vector);
    group_.sync();
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int i = 0; i < capacity / product_rows; ++i) {
        use_vector_sums(lane, count, product_rows * i, factors_, [&](int r) { return tiles.vector_sum(lane, i, r); }, use);
      }
    });
    group_.each([&](int lane) SPLICE_INLINED { rows_[lane] = {}; });
    SPLICE_UNROLL
    for (int r = 0; r < own_rows; ++r) {
      group_.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int i = 2 * r; i < 2 * r + 2; ++i) {
          SPLICE_UNROLL
          for (int j = 0; j <= 2 * i + 1; ++j) this->stage_sums(lane, i % 2, j, tiles.sums(lane, i, j));
        }
      });
      group_.sync();
      group_.each([&](int lane) SPLICE_INLINED { keep_rows(lane, r); });
      group_.sync();
    }
  }

 private:
  /// Of the staged rows 32 r and on, what is on the diagonal and below it: the lane's own row, and, as columns, what its rows
  /// above have there.
  SPLICE_KERNEL void keep_rows(int lane, int r) {
    const int row = lane + 32 * r;
    const float own = factors_[row];
    SPLICE_UNROLL
    for (int k = 0; k < 32 * r; k += 4) {
      const Four four = group_.load4(stage_, lane * Rows::pitch + k);
      const Four factors = group_.load4(factors_, k);
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) rows_[lane].of[r][k + e] = four.of[e] * (own * factors.of[e]);
    }
    SPLICE_UNROLL
    for (int first = 0; first < 32; first += 4) {
      const Four factors = group_.load4(factors_, 32 * r + first);
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) {
        const int column = first + e;
        const int k = 32 * r + column;
        const int at = lane < column ? column * Rows::pitch + row : lane * Rows::pitch + k;
        rows_[lane].of[r][k] = stage_[at] * (own * factors.of[e]);
      }
    }
    SPLICE_UNROLL
    for (int above = 0; above < r; ++above) {
      const float upper = factors_[lane + 32 * above];
      SPLICE_UNROLL
      for (int k = 32 * r; k < 32 * r + 32 && k < capacity; k += 4) {
        const Four factors = group_.load4(factors_, k);
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) {
          rows_[lane].of[above][k + e] = stage_[(k + e - 32 * r) * Rows::pitch + lane + 32 * above] * (upper * factors.of[e]);
        }
      }
    }
    diagonal_[row] = stage_[lane * Rows::pitch + row] * (own * own);
  }
};

}  // namespace splice_cuda::cuda
