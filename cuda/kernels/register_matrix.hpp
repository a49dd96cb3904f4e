#pragma once

/// @file register_matrix.hpp
/// A tableau's matrix in a warp's registers: lane i has rows i, i + 32, ... No register is indexed at run time, and rows past
/// the size are zeros, so that all loops have fixed lengths.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// What the warp shares beside its registers.
template <int capacity>
struct RegisterMatrixMemory {
  static constexpr int slice = 16;  ///< dimensions that are staged at once
  float diagonal[capacity];         ///< M_kk
  float stage[slice * capacity];    ///< [slice, capacity] of the atoms whose Gram matrix is made
};

/// The same members as MemoryMatrix, in float32, for a group that is a warp.
template <class Group, int capacity>
class RegisterMatrix {
 public:
  static_assert(Group::size == 32 && capacity % 32 == 0);
  static constexpr int own_rows = capacity / 32;
  using Array = typename Group::template Array<float>;
  using Memory = RegisterMatrixMemory<capacity>;

  SPLICE_KERNEL RegisterMatrix(Group& group, Memory& memory)
      : group_(group), diagonal_(group.array(memory.diagonal, capacity)), stage_(group.array(memory.stage, Memory::slice * capacity)) {}

  SPLICE_KERNEL float diagonal(int k) const { return diagonal_[k]; }

  SPLICE_KERNEL void read_row(int k, int size, const Array& row) {
    group_.each([&](int lane) {
      if (lane != k % 32) return;
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        if (r != k / 32) continue;
        SPLICE_UNROLL
        for (int j = 0; j < capacity; ++j) row[j] = rows_[lane].of[r][j];
      }
    });
    static_cast<void>(size);
  }

  /// With f = M_ik / M_kk: row i becomes M_i - f M_k, but M_ik becomes f: as M_ik - f (M_kk - 1) is. Row k becomes
  /// -M_k / M_kk, and M_kk its inverse: as M_k - (1 + 1 / M_kk) M_k with the same change is.
  template <class Column>
  SPLICE_KERNEL void sweep(int k, int size, float inverse, const Array& row, Column column) {
    typename Group::template PerLane<Factors> factors;
    group_.each([&](int lane) {
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
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int j = 0; j < capacity; j += 4) {
        const auto four = group_.load4(row, j);
        SPLICE_UNROLL
        for (int e = 0; e < 4; ++e) {
          SPLICE_UNROLL
          for (int r = 0; r < own_rows; ++r) {
            rows_[lane].of[r][j + e] = std::fma(-factors[lane].of[r], four.of[e], rows_[lane].of[r][j + e]);
          }
        }
      }
    });
  }

  template <class Transposed>
  SPLICE_KERNEL void append(int n, float own, const Array& row, Transposed transposed) {
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = lane + 32 * r;
        const float last = i < n ? transposed(i) : i == n ? own : 0.0f;
        SPLICE_UNROLL
        for (int j = 0; j < capacity; ++j) {
          if (i == n && j < n) rows_[lane].of[r][j] = static_cast<float>(row[j]);
          if (j == n) rows_[lane].of[r][j] = last;
        }
        if (i == n) diagonal_[n] = own;
      }
    });
  }

  /// M_sk is M_ks, with the other sign where one of them is in the support: each lane reads its own rows.
  template <class Member, class Vector, class Use>
  SPLICE_KERNEL void add_up(int size, Member in_support, Vector v, Use use) {
    group_.each([&](int lane) {
      float sums[own_rows] = {};
      SPLICE_UNROLL
      for (int s = 0; s < capacity; ++s) {
        if (s >= size || !in_support(s)) continue;
        const float factor = v(s);
        SPLICE_UNROLL
        for (int r = 0; r < own_rows; ++r) sums[r] = std::fma(factor, rows_[lane].of[r][s], sums[r]);
      }
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int k = lane + 32 * r;
        if (k < size) use(k, in_support(k) ? sums[r] : -sums[r]);
      }
    });
  }

  SPLICE_KERNEL void flip(int k, int size) {
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const bool own = lane + 32 * r == k;
        SPLICE_UNROLL
        for (int j = 0; j < capacity; ++j) {
          if (own != (j == k)) rows_[lane].of[r][j] = -rows_[lane].of[r][j];
        }
      }
    });
    static_cast<void>(size);
  }

  /// Slices of the atoms go through shared memory; each lane adds up the products of its rows.
  template <class Atom, class Factor>
  SPLICE_KERNEL void set_gram(const AtomsView& atoms, int count, Atom atom, Factor factor) {
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        SPLICE_UNROLL
        for (int j = 0; j < capacity; ++j) rows_[lane].of[r][j] = 0;
      }
    });
    SPLICE_NO_UNROLL
    for (std::int64_t first = 0; first < atoms.dim; first += Memory::slice) {
      group_.sync();
      group_.each([&](int lane) {
        // Four lanes read 64 bytes of an atom; rows of atoms are padded with zeros to 64 numbers.
        for (int i = lane / 4; i < capacity; i += 8) {
          SPLICE_UNROLL
          for (int e = 0; e < 4; ++e) {
            const int k = 4 * (lane % 4) + e;
            stage_[k * capacity + i] = i < count ? atoms.atoms[atom(i) * atoms.ld + first + k] : 0.0f;
          }
        }
      });
      group_.sync();
      group_.each([&](int lane) {
        SPLICE_NO_UNROLL
        for (int k = 0; k < Memory::slice; ++k) {
          float own[own_rows];
          SPLICE_UNROLL
          for (int r = 0; r < own_rows; ++r) own[r] = stage_[k * capacity + lane + 32 * r];
          SPLICE_UNROLL
          for (int j = 0; j < capacity; j += 4) {
            const auto four = group_.load4(stage_, k * capacity + j);
            SPLICE_UNROLL
            for (int e = 0; e < 4; ++e) {
              SPLICE_UNROLL
              for (int r = 0; r < own_rows; ++r) rows_[lane].of[r][j + e] = std::fma(own[r], four.of[e], rows_[lane].of[r][j + e]);
            }
          }
        }
      });
    }
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int r = 0; r < own_rows; ++r) {
        const int i = lane + 32 * r;
        SPLICE_UNROLL
        for (int j = 0; j < capacity; ++j) {
          if (i >= count || j >= count) continue;
          rows_[lane].of[r][j] *= factor(i) * factor(j);
          if (i == j) diagonal_[i] = rows_[lane].of[r][j];
        }
      }
    });
  }

 private:
  struct Rows {
    float of[own_rows][capacity];
  };
  struct Factors {
    float of[own_rows];
  };

  Group& group_;
  Array diagonal_;
  Array stage_;
  typename Group::template PerLane<Rows> rows_;
};

}  // namespace splice_cuda::cuda
