#pragma once

/// @file register_matrix.hpp
/// A tableau's matrix in a warp's registers: lane i has rows i, i + 32, ... No register is indexed at run time, and rows past
/// the size are zeros, so that all loops have fixed lengths.

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/gram_tiles.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// What the warp shares beside its registers.
template <int capacity>
struct RegisterMatrixMemory {
  static constexpr int slice = 32;            ///< rows that are staged at once
  static constexpr int pitch = capacity + 4;  ///< of them: 16 bytes of each lie in banks of their own
  float diagonal[capacity];                   ///< M_kk
  alignas(16) float stage[slice * pitch];     ///< products of atoms on their way to the lanes
};

/// The same members as MemoryMatrix, in float32, for a group that is a warp.
template <class Group, int capacity>
class RegisterMatrix {
 public:
  static_assert(Group::size == 32 && capacity % 32 == 0);
  static constexpr int own_rows = capacity / 32;
  static constexpr bool cheap_sweeps = true;  ///< some more cost less than a search before each
  using Array = typename Group::template Array<float>;
  using Memory = RegisterMatrixMemory<capacity>;

  /// @param factors  [capacity], at a multiple of 16 bytes: scratch of set_gram() and cross(), up to the last cross_product()
  SPLICE_KERNEL RegisterMatrix(Group& group, Memory& memory, float* factors)
      : group_(group),
        diagonal_(group.array(memory.diagonal, capacity)),
        stage_(group.array(memory.stage, Memory::slice * Memory::pitch)),
        vector_(group.array(memory.stage + (Memory::slice - 1) * Memory::pitch, capacity)),
        factors_(group.array(factors, capacity)) {}

  SPLICE_KERNEL float diagonal(int k) const { return diagonal_[k]; }

  SPLICE_KERNEL void read_row(int k, int, const Array& row) {
    in_blocks([&](int lane, int first) SPLICE_INLINED {
      if (lane != k % 32) return;
      SPLICE_UNROLL
      for (int j = first; j < first + block; j += 4) {
        Four four;
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) {
          float value = rows_[lane].of[0][j + e];
          SPLICE_UNROLL
          for (int r = 1; r < own_rows; ++r) value = choose(r == k / 32, rows_[lane].of[r][j + e], value);
          four.of[e] = value;
        }
        group_.store4(row, j, four);
      }
    });
  }

  /// With f = M_ik / M_kk: row i becomes M_i - f M_k, but M_ik becomes f: as M_ik - f (M_kk - 1) is. Row k becomes
  /// -M_k / M_kk, and M_kk its inverse: as M_k - (1 + 1 / M_kk) M_k with the same change is.
  template <class Column>
  SPLICE_KERNEL void sweep(int k, int size, float inverse, const Array& row, Column column) {
    typename Group::template PerLane<Factors> factors;
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = lane + 32 * r;
        factors[lane].of[r] = i >= size ? 0.0f : i == k ? 1.0f + inverse : column(i) * inverse;
        if (i >= size) continue;
        const float swept = std::fma(-factors[lane].of[r], static_cast<float>(row[i]), static_cast<float>(diagonal_[i]));
        diagonal_[i] = i == k ? inverse : swept;
      }
    });
    group_.sync();
    group_.once([&] { row[k] = static_cast<float>(row[k]) - 1.0f; });
    group_.sync();
    in_blocks([&](int lane, int first) SPLICE_INLINED { subtract_outer(lane, first, row, factors); });
  }

  /// As two outer products, for row n and for column n, where there are zeros.
  template <class Transposed>
  SPLICE_KERNEL void append(int n, float own, const Array& row, Transposed transposed) {
    typename Group::template PerLane<Factors> factors;
    SPLICE_NO_UNROLL
    for (int part = 0; part < 2; ++part) {
      group_.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int r = 0; r < own_rows; ++r) {
          const int i = lane + 32 * r;
          const float unit = i == n ? 1.0f : 0.0f;
          vector_[i] = part == 0 ? (i < n ? static_cast<float>(row[i]) : 0.0f) : unit;
          factors[lane].of[r] = part == 0 ? -unit : i < n ? -transposed(i) : -own * unit;
          if (i == n) diagonal_[n] = own;
        }
      });
      group_.sync();
      in_blocks([&](int lane, int first) SPLICE_INLINED { subtract_outer(lane, first, vector_, factors); });
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
        const int s = lane + 32 * r;
        vector_[s] = s < size && in_support(s) ? v(s) : 0.0f;
      }
    });
    group_.sync();
    in_blocks([&](int lane, int first) SPLICE_INLINED {
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
        const int k = lane + 32 * r;
        if (k < size) use(k, in_support(k) ? sums[lane].of[r] : -sums[lane].of[r]);
      }
    });
  }

  SPLICE_KERNEL void flip(int k, int) {
    in_blocks([&](int lane, int first) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const bool own = lane + 32 * r == k;
        SPLICE_UNROLL
        for (int j = first; j < first + block; ++j) {
          const float value = rows_[lane].of[r][j];
          rows_[lane].of[r][j] = choose(own != (j == k), -value, value);
        }
      }
    });
  }

  /// By tensor cores; rows of tiles go through shared memory to the lanes that keep them.
  /// @param rough   a guess will do
  /// @param vector  [2, ld] in parts, scaled by vector_scale
  /// @param use     use(i, <c_atom(i), vector>) for i < count, by one lane each
  template <class Atom, class Factor, class Use>
  SPLICE_KERNEL void set_gram(const AtomsView& atoms, int count, Atom atom, Factor factor, bool rough, const Float16* vector,
                              Use use) {
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = lane + 32 * r;
        factors_[i] = i < count ? factor(i) * atoms.half_scales[atom(i)] : 0.0f;
      }
    });
    GramTiles<Group, capacity / octet> tiles;
    tiles.multiply(group_, atoms, count, atom, vector, rough ? HalfParts::high : HalfParts::both);
    group_.each([&](int lane) SPLICE_INLINED {
      if (lane_in_quad(lane) != 0) return;  // the others have the same
      SPLICE_UNROLL
      for (int i = 0; i < capacity / product_rows; ++i) {
        SPLICE_UNROLL
        for (int r = 0; r < sum_registers; r += 2) {
          const int place = product_rows * i + sum_row(lane, r);
          if (place < count) use(place, tiles.vector_sum(lane, i, r) * (atoms.half_scales[atom(place)] / vector_scale));
        }
      }
    });
    group_.each([&](int lane) SPLICE_INLINED { rows_[lane] = {}; });
    SPLICE_UNROLL
    for (int r = 0; r < own_rows; ++r) {
      group_.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int i = 2 * r; i < 2 * r + 2; ++i) {
          SPLICE_UNROLL
          for (int j = 0; j <= 2 * i + 1; ++j) stage_sums(lane, i % 2, j, tiles.sums(lane, i, j));
        }
      });
      group_.sync();
      group_.each([&](int lane) SPLICE_INLINED { keep_rows(lane, r); });
      group_.sync();
    }
  }

  /// Products of up to 16 atoms, `added`, with `count` atoms, of which they are the last ones: cross_product(i, k) until the
  /// next products. Ends with a barrier.
  static constexpr int most_crossed = 16;
  template <class Added, class Atom>
  SPLICE_KERNEL void cross(const AtomsView& atoms, int added_count, Added added, int count, Atom atom) {
    first_added_ = count - added_count;
    constexpr int octets = 2;  // at once: the matrix keeps its registers
    SPLICE_NO_UNROLL
    for (int first = 0; first < count; first += octets * octet) {
      CrossTiles<Group, octets> tiles;
      tiles.multiply(group_, atoms, added_count, added, count - first, [&](int k) -> std::int64_t { return atom(first + k); });
      group_.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int j = 0; j < octets; ++j) stage_sums(lane, 0, first / octet + j, tiles.sums(lane, j));
      });
    }
    group_.each([&](int lane) SPLICE_INLINED {
      for (int i = lane; i < count; i += 32) factors_[i] = atoms.half_scales[atom(i)];
    });
    group_.sync();
  }
  SPLICE_KERNEL float cross_product(int i, int k) const {
    return stage_[i * Memory::pitch + k] * (static_cast<float>(factors_[first_added_ + i]) * static_cast<float>(factors_[k]));
  }

 private:
  struct Rows {
    float of[own_rows][capacity];
  };
  struct Factors {
    float of[own_rows];
  };

  /// A tile's sums at its eight columns of the stage's upper or lower half.
  SPLICE_KERNEL void stage_sums(int lane, int half, int j, const float* sums) {
    SPLICE_UNROLL
    for (int r = 0; r < sum_registers; ++r) {
      stage_[(product_rows * half + sum_row(lane, r)) * Memory::pitch + octet * j + sum_column(lane, r)] = sums[r];
    }
  }

  /// Of the staged rows 32 r and on, what is on the diagonal and below it: the lane's own row, and, as columns, what its rows
  /// above have there.
  SPLICE_KERNEL void keep_rows(int lane, int r) {
    const int row = lane + 32 * r;
    const float own = factors_[row];
    SPLICE_UNROLL
    for (int k = 0; k < 32 * r; k += 4) {
      const Four four = group_.load4(stage_, lane * Memory::pitch + k);
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
        const int at = lane < column ? column * Memory::pitch + row : lane * Memory::pitch + k;
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
          rows_[lane].of[above][k + e] = stage_[(k + e - 32 * r) * Memory::pitch + lane + 32 * above] * (upper * factors.of[e]);
        }
      }
    }
    diagonal_[row] = stage_[lane * Memory::pitch + row] * (own * own);
  }

  /// By masks: of a choice between registers, or of a store that depends on one, the compiler makes an address that is
  /// not known when it compiles, and registers have none.
  static SPLICE_KERNEL float choose(bool first, float a, float b) {
    const std::uint32_t mask = first ? 0xFFFFFFFFu : 0u;
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(a) & mask) | (std::bit_cast<std::uint32_t>(b) & ~mask));
  }

  static constexpr int block = 16;

  /// body(lane, first) for the columns [first, first + block) of all blocks. Ends with a barrier; those between blocks keep
  /// the compiler from reading everything ahead into registers that it does not have.
  template <class Body>
  SPLICE_KERNEL void in_blocks(Body body) {
    SPLICE_UNROLL
    for (int first = 0; first < capacity; first += block) {
      group_.each([&](int lane) SPLICE_INLINED { body(lane, first); });
      group_.sync();
    }
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

  Group& group_;
  Array diagonal_;
  Array stage_;
  Array vector_;   ///< its last row, which cross products leave alone
  Array factors_;  ///< of the atoms that are multiplied, 0 where there is none
  int first_added_ = 0;  ///< among the atoms of the latest cross()
  typename Group::template PerLane<Rows> rows_;
};

}  // namespace splice_cuda::cuda
