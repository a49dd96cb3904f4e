#pragma once

/// @file register_rows.hpp
/// A tableau's matrix in registers: lane i of the group has rows i, i + Group::size, ... No register is indexed at run time, and
/// rows past the size are zeros, so that all loops have fixed lengths.

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/gram_tiles.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// Of rows that are staged in shared memory: 16 bytes of each lie in banks of their own.
constexpr int staged_pitch(int capacity) { return capacity + 4; }

/// The members of MemoryMatrix, in float32, but for set_gram(), and products of atoms that join.
template <class Group, int capacity>
class RegisterRows {
 public:
  static_assert(capacity % Group::size == 0);
  static constexpr int own_rows = capacity / Group::size;
  static constexpr bool cheap_sweeps = true;  ///< some more cost less than a search before each
  using Array = typename Group::template Array<float>;

  SPLICE_KERNEL float diagonal(int k) const { return diagonal_[k]; }

  /// row[j] = M_kj for j != k; row[k] and the zeros up to the next block are for sweep(). The caller has a barrier afterwards.
  SPLICE_KERNEL void read_row(int k, int size, const Array& row) {
    SPLICE_UNROLL
    for (int r = 0; r < own_rows; ++r) {
      if (own_rows > 1 && r != k / Group::size) continue;
      in_blocks(size, [&](int lane, int first) SPLICE_INLINED {
        if (lane != k % Group::size) return;
        SPLICE_UNROLL
        for (int j = first; j < first + block; j += 4) {
          Four four;
          SPLICE_UNROLL
          for (int e = 0; e < 4; ++e) four.of[e] = rows_[lane].of[r][j + e];
          group_.store4(row, j, four);
        }
      });
    }
    group_.each([&](int lane) SPLICE_INLINED {
      if (lane != k % Group::size) return;
      const float own = row[k];
      row[k] = own > most_subtracted ? cleared : own - 1.0f;
    });
  }

  /// With f = M_ik / M_kk: row i becomes M_i - f M_k, but M_ik becomes f: as M_ik - f (M_kk - 1) is. Row k becomes
  /// -M_k / M_kk, and M_kk its inverse: as M_k - (1 + 1 / M_kk) M_k with the same change is. Both cancel what is M_kk times as
  /// large: where that is much, row and column k are cleared first, and what is added to them is the outcome. The caller has a
  /// barrier afterwards.
  /// @param use  use(i, f) for i < size by one lane each; what f is for k says nothing: column(k) is not asked for
  template <class Column, class Use>
  SPLICE_KERNEL void sweep(int k, int size, float inverse, const Array& row, Column column, Use use) {
    typename Group::template PerLane<Factors> factors;
    const bool clear = static_cast<float>(row[k]) == cleared;
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = place(lane, r);
        factors[lane].of[r] = i >= size ? 0.0f : i == k ? (clear ? inverse : 1.0f + inverse) : column(i) * inverse;
        if (i >= size) continue;
        const float swept = std::fma(-factors[lane].of[r], static_cast<float>(row[i]), static_cast<float>(diagonal_[i]));
        diagonal_[i] = i == k ? inverse : swept;
        use(i, factors[lane].of[r]);
      }
    });
    if (clear) {
      in_blocks(size, [&](int lane, int first) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int r = 0; r < own_rows; ++r) {
          const bool own = place(lane, r) == k;
          SPLICE_UNROLL
          for (int j = first; j < first + block; ++j) rows_[lane].of[r][j] = choose(own || j == k, 0.0f, rows_[lane].of[r][j]);
        }
      });
    }
    in_blocks(size, [&](int lane, int first) SPLICE_INLINED { subtract_outer(lane, first, row, factors); });
  }

  /// As two outer products, for row n and for column n, where there are zeros. The caller has a barrier afterwards.
  template <class Transposed>
  SPLICE_KERNEL void append(int n, float own, const Array& row, Transposed transposed) {
    typename Group::template PerLane<Factors> factors;
    SPLICE_NO_UNROLL
    for (int part = 0; part < 2; ++part) {
      group_.sync();
      group_.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int r = 0; r < own_rows; ++r) {
          const int i = place(lane, r);
          const float unit = i == n ? 1.0f : 0.0f;
          vector_[i] = part == 0 ? (i < n ? static_cast<float>(row[i]) : 0.0f) : unit;
          factors[lane].of[r] = part == 0 ? -unit : i < n ? -transposed(i) : -own * unit;
          if (i == n) diagonal_[n] = own;
        }
      });
      group_.sync();
      in_blocks(n + 1, [&](int lane, int first) SPLICE_INLINED { subtract_outer(lane, first, vector_, factors); });
    }
  }

  /// M_sk is M_ks, with the other sign where one of them is in the support: each lane reads its own rows.
  template <class Member, class Vector, class Use>
  SPLICE_KERNEL void add_up(int size, Member in_support, Vector v, Use use) {
    typename Group::template PerLane<Factors> sums;
    group_.each([&](int lane) SPLICE_INLINED {
      sums[lane] = {};
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int s = place(lane, r);
        vector_[s] = s < size && in_support(s) ? v(s) : 0.0f;
      }
    });
    group_.sync();
    in_blocks(size, [&](int lane, int first) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int s = first; s < first + block; s += 4) {
        const Four four = group_.load4(vector_, s);
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) {
          SPLICE_UNROLL
          for (int r = 0; r < own_rows; ++r) sums[lane].of[r] = std::fma(four.of[e], rows_[lane].of[r][s + e], sums[lane].of[r]);
        }
      }
    });
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int k = place(lane, r);
        if (k < size) use(k, in_support(k) ? sums[lane].of[r] : -sums[lane].of[r]);
      }
    });
  }

  SPLICE_KERNEL void flip(int k, int size) {
    in_blocks(size, [&](int lane, int first) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const bool own = place(lane, r) == k;
        SPLICE_UNROLL
        for (int j = first; j < first + block; ++j) {
          const float value = rows_[lane].of[r][j];
          rows_[lane].of[r][j] = choose(own != (j == k), -value, value);
        }
      }
    });
  }

  /// Products of up to 16 atoms, `added`, with `count` atoms, of which they are the last ones: cross_product(i, k) until the
  /// next products. Ends with a barrier.
  static constexpr int most_crossed = 16;
  template <class Added, class Atom>
  SPLICE_KERNEL void cross(const AtomsView& atoms, int added_count, Added added, int count, Atom atom) {
    first_added_ = count - added_count;
    constexpr int octets = 2;  // at once: the matrix keeps its registers
    group_.warps([&](auto& warp, int index) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int first = index * octets * octet; first < count; first += Group::warp_count * octets * octet) {
        CrossTiles<std::remove_reference_t<decltype(warp)>, octets> tiles;
        tiles.multiply(warp, atoms, added_count, added, count - first,
                       [&](int k) -> std::int64_t { return atom(first + k); });
        warp.each([&](int lane) SPLICE_INLINED {
          SPLICE_UNROLL
          for (int j = 0; j < octets; ++j) stage_sums(lane, 0, first / octet + j, tiles.sums(lane, j));
        });
      }
    });
    group_.each([&](int lane) SPLICE_INLINED {
      for (int i = lane; i < count; i += Group::size) factors_[i] = atoms.half_scales[atom(i)];
    });
    group_.sync();
  }
  SPLICE_KERNEL float cross_product(int i, int k) const {
    return stage_[i * pitch + k] * (static_cast<float>(factors_[first_added_ + i]) * static_cast<float>(factors_[k]));
  }

 protected:
  static constexpr int pitch = staged_pitch(capacity);

  /// @param diagonal  [capacity]: M_kk
  /// @param stage     [16, pitch] and more: products of atoms on their way to the lanes
  /// @param vector    [capacity], at a multiple of 16 bytes, that products of atoms that join leave alone
  /// @param factors   [capacity], at a multiple of 16 bytes: scratch of set_gram() and cross(), up to the last cross_product()
  SPLICE_KERNEL RegisterRows(Group& group, const Array& diagonal, const Array& stage, const Array& vector, const Array& factors)
      : group_(group), diagonal_(diagonal), stage_(stage), vector_(vector), factors_(factors) {}

  /// The lane's row r.
  static SPLICE_KERNEL int place(int lane, int r) { return lane + Group::size * r; }

  /// factors_[i] = what products of atom i's parts are multiplied by, 0 where there is none.
  template <class Atom, class Factor>
  SPLICE_KERNEL void set_factors(const AtomsView& atoms, int count, Atom atom, Factor factor) {
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = place(lane, r);
        factors_[i] = i < count ? factor(i) * atoms.half_scales[atom(i)] : 0.0f;
      }
    });
  }

  /// A tile's sums at its eight columns of the staged rows of the upper or lower half.
  SPLICE_KERNEL void stage_sums(int lane, int half, int j, const float* sums) {
    SPLICE_UNROLL
    for (int r = 0; r < sum_registers; ++r) {
      stage_[(product_rows * half + sum_row(lane, r)) * pitch + octet * j + sum_column(lane, r)] = sums[r];
    }
  }

  static constexpr int block = 16;

  /// body(lane, first) for the columns [first, first + block) of all blocks or, where there are more than two, of those that hold
  /// `size` columns; what is between them keeps the compiler from reading everything ahead into registers that it does not have.
  template <class Body>
  SPLICE_KERNEL void in_blocks(int size, Body body) {
    SPLICE_UNROLL
    for (int first = 0; first < capacity; first += block) {
      if (capacity > 2 * block && first >= size) break;
      group_.each([&](int lane) SPLICE_INLINED { body(lane, first); });
      group_.keep_order();
    }
  }

  struct OwnRows {
    float of[own_rows][capacity];
  };

  Group& group_;
  Array diagonal_;
  Array stage_;
  Array vector_;
  Array factors_;  ///< of the atoms that are multiplied, 0 where there is none
  typename Group::template PerLane<OwnRows> rows_;

 private:
  static constexpr float most_subtracted = 16;  ///< M_kk, of atoms of norm 1: four bits are lost then
  static constexpr float cleared = -1;          ///< row[k] where row and column k are to be cleared

  struct Factors {
    float of[own_rows];
  };

  /// By masks: of a choice between registers, or of a store that depends on one, the compiler makes an address that is
  /// not known when it compiles, and registers have none.
  static SPLICE_KERNEL float choose(bool first, float a, float b) {
    const std::uint32_t mask = first ? 0xFFFFFFFFu : 0u;
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(a) & mask) | (std::bit_cast<std::uint32_t>(b) & ~mask));
  }

  /// Rows r of the lane -= factors[r] vector, at columns [first, first + block).
  SPLICE_KERNEL void subtract_outer(int lane, int first, const Array& vector,
                                    typename Group::template PerLane<Factors>& factors) {
    SPLICE_UNROLL
    for (int j = 0; j < block; j += 4) {
      const Four four = group_.load4(vector, first + j);
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) {
        SPLICE_UNROLL
        for (int r = 0; r < own_rows; ++r) {
          float& cell = rows_[lane].of[r][first + j + e];
          cell = std::fma(-factors[lane].of[r], four.of[e], cell);
        }
      }
    }
  }

  int first_added_ = 0;  ///< among the atoms of the latest cross()
};

}  // namespace splice_cuda::cuda
