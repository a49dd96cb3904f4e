#pragma once

/// @file gram_tiles.hpp
/// Products of atoms with each other by one warp's tensor cores. Sums over dimensions may run in any order, so that each lane
/// reads 16 bytes of an atom at once: four numbers that serve as two lots of operands. What a lane holds of eight atoms is
/// the same whether they are rows or columns of a product.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

inline constexpr int octet = 8;         ///< atoms
inline constexpr int slice_width = 16;  ///< dimensions that a warp reads of an octet at once

/// What a lane holds of `octets` octets: of the atom at place lane / 4 of each.
template <class Warp, int octets>
class AtomOctets {
 public:
  /// @param atom  the atom at a place < count; places past them hold zeros
  template <class Atom>
  SPLICE_KERNEL AtomOctets(Warp& warp, const AtomsView& atoms, int count, Atom atom) : atoms_(atoms), count_(count) {
    warp.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int o = 0; o < octets; ++o) {
        const int place = octet * o + lane_group_of(lane);
        rows_[lane].of[o] = static_cast<std::uint32_t>(atom(place < count ? place : count - 1));
      }
    });
  }

  /// Reads the slice that begins at dimension k.
  SPLICE_KERNEL void read(Warp& warp, std::int64_t k) {
    warp.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int o = 0; o < octets; ++o) {
        const bool present = octet * o + lane_group_of(lane) < count_;
        current_[lane].of[o] =
            present ? warp.load4(atoms_.atoms + rows_[lane].of[o] * atoms_.ld, k + 4 * lane_in_quad(lane)) : Four{};
      }
    });
  }

  /// The half (0 or 1) of what was read becomes operands.
  SPLICE_KERNEL void split(Warp& warp, int half) {
    warp.each([&](int lane) SPLICE_INLINED {
      SPLICE_UNROLL
      for (int o = 0; o < octets; ++o) {
        SPLICE_UNROLL
        for (int e = 0; e < 2; ++e) operands_[lane].of[o][e] = Warp::split(current_[lane].of[o].of[2 * half + e]);
      }
    });
  }

  /// Operands of the columns that octet o is.
  SPLICE_KERNEL const SplitFloat* columns(int lane, int o) { return operands_[lane].of[o]; }
  SPLICE_KERNEL SplitFloat operand(int lane, int o, int e) { return operands_[lane].of[o][e]; }

 private:
  struct Rows {
    std::uint32_t of[octets];  // atoms: half the registers of pointers
  };
  struct Fours {
    Four of[octets];
  };
  struct Operands {
    SplitFloat of[octets][2];
  };
  const AtomsView& atoms_;
  int count_;
  typename Warp::template PerLane<Rows> rows_;
  typename Warp::template PerLane<Fours> current_;
  typename Warp::template PerLane<Operands> operands_;
};

/// sums of one product: rows of octets o and o + 1 with columns of octet c.
template <class Warp, class RowOctets, class ColumnOctets, class Sums>
SPLICE_KERNEL void multiply_octets(Warp& warp, RowOctets& rows, int o, ColumnOctets& columns, int c, Sums sums) {
  struct Registers {
    SplitFloat of[row_registers];
  };
  typename Warp::template PerLane<Registers> left;
  warp.each([&](int lane) SPLICE_INLINED {
    left[lane] = {{rows.operand(lane, o, 0), rows.operand(lane, o + 1, 0), rows.operand(lane, o, 1), rows.operand(lane, o + 1, 1)}};
  });
  warp.multiply_add([&](int lane) { return left[lane].of; }, [&](int lane) { return columns.columns(lane, c); }, sums);
}

/// add() for each half of each slice of `ld` dimensions, with the operands of all octets.
template <class Warp, class Add, class... Octets>
SPLICE_KERNEL void each_half_slice(Warp& warp, std::int64_t ld, Add add, Octets&... octets) {
  (octets.read(warp, 0), ...);
  SPLICE_NO_UNROLL
  for (std::int64_t k = slice_width; k <= ld; k += slice_width) {
    SPLICE_UNROLL
    for (int half = 0; half < 2; ++half) {
      (octets.split(warp, half), ...);
      if (half == 1 && k < ld) (octets.read(warp, k), ...);  // on their way while the rest is multiplied
      add();
    }
  }
}

/// The lower triangle of `octets` octets' Gram matrix, in tiles of 16 x 8: tile (i, j) has rows 16 i and on, columns 8 j and on,
/// j <= 2 i + 1.
template <class Warp, int octets>
class GramTiles {
 public:
  static constexpr int tile_rows = octets / 2;
  static_assert(octets % 2 == 0);

  template <class Atom>
  SPLICE_KERNEL void multiply(Warp& warp, const AtomsView& atoms, int count, Atom atom) {
    warp.each([&](int lane) SPLICE_INLINED { sums_[lane] = {}; });
    if (count == 0) return;
    const int used = (count + octet - 1) / octet;
    AtomOctets<Warp, octets> left(warp, atoms, count, atom);
    const auto add = [&]() SPLICE_INLINED {
      SPLICE_UNROLL
      for (int i = 0; i < tile_rows; ++i) {
        if (2 * i >= used) continue;
        SPLICE_UNROLL
        for (int j = 0; j <= 2 * i + 1; ++j) {
          multiply_octets(warp, left, 2 * i, left, j, [&](int lane) { return sums_[lane].of[tile(i, j)]; });
        }
      }
    };
    each_half_slice(warp, atoms.ld, add, left);
  }

  /// Sums of tile (i, j): see sum_row, sum_column.
  SPLICE_KERNEL const float* sums(int lane, int i, int j) { return sums_[lane].of[tile(i, j)]; }

 private:
  static constexpr int tile(int i, int j) { return i * (i + 1) + j; }
  struct Sums {
    float of[tile_rows * (tile_rows + 1)][sum_registers];
  };
  typename Warp::template PerLane<Sums> sums_;
};

/// Products of up to 16 atoms, the rows, with the first 8 `octets` of `count` atoms.
template <class Warp, int octets>
class CrossTiles {
 public:
  template <class RowAtom, class Atom>
  SPLICE_KERNEL void multiply(Warp& warp, const AtomsView& atoms, int row_count, RowAtom row_atom, int count, Atom atom) {
    warp.each([&](int lane) SPLICE_INLINED { sums_[lane] = {}; });
    const int used = count < octets * octet ? (count + octet - 1) / octet : octets;
    AtomOctets<Warp, 2> left(warp, atoms, row_count, row_atom);
    AtomOctets<Warp, octets> right(warp, atoms, count, atom);
    const auto add = [&]() SPLICE_INLINED {
      SPLICE_UNROLL
      for (int j = 0; j < octets; ++j) {
        if (j >= used) continue;
        multiply_octets(warp, left, 0, right, j, [&](int lane) { return sums_[lane].of[j]; });
      }
    };
    each_half_slice(warp, atoms.ld, add, left, right);
  }
  SPLICE_KERNEL const float* sums(int lane, int j) { return sums_[lane].of[j]; }

 private:
  struct Sums {
    float of[octets][sum_registers];
  };
  typename Warp::template PerLane<Sums> sums_;
};

}  // namespace splice_cuda::cuda
