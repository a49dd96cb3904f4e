#pragma once

/// @file gram_tiles.hpp
/// Products of atoms with each other and with a vector by one warp's tensor cores, all in two float16 parts (split_atoms.hpp).
/// Sums over dimensions may run in any order, so that each lane reads 16 bytes of an atom at once: eight numbers that serve as
/// two lots of operands. What a lane holds of eight atoms is the same whether they are rows or columns of a product. Sums are
/// those of the scaled atoms.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

inline constexpr int octet = 8;         ///< atoms
inline constexpr int slice_width = 32;  ///< dimensions that a warp reads of an octet at once
inline constexpr int slice_lots = 2;    ///< of operands in them

/// Which parts of atoms are multiplied.
enum class HalfParts : std::uint8_t {
  high,  ///< products err by 1e-4 and less of the atoms' norms
  both,  ///< but for the product of both low parts: by 1e-7, and by what their sums in float32 lose
};

/// What a lane reads of `octets` octets: of the atom at place lane / 4 of each. Places that hold no atom get the last one: what
/// is made of them is not looked at. The last octet may be a vector, eight times.
template <class Warp, int octets, bool with_vector = false>
class AtomOctets {
 public:
  /// @param vector  [2, ld] in parts
  template <class Atom>
  SPLICE_KERNEL AtomOctets(Warp& warp, const AtomsView& atoms, int count, Atom atom, const Float16* vector = nullptr)
      : low_(atoms.ld / octet) {
    warp.each([&](int lane) SPLICE_INLINED {
      if (with_vector) rows_[lane].of[octets - 1] = reinterpret_cast<const Chunk*>(vector) + lane_in_quad(lane);
      SPLICE_UNROLL
      for (int o = 0; o < octets - (with_vector ? 1 : 0); ++o) {
        const int place = octet * o + lane_group_of(lane);
        const std::int64_t row = atom(place < count ? place : count - 1);
        rows_[lane].of[o] = reinterpret_cast<const Chunk*>(atom_row(atoms.halves, row, 2 * atoms.ld)) + lane_in_quad(lane);
      }
    });
  }

  /// The lane's part of the slice that begins at dimension k.
  SPLICE_KERNEL Chunk high(int lane, int o, std::int64_t k) const { return rows_[lane].of[o][k / octet]; }
  SPLICE_KERNEL Chunk low(int lane, int o, std::int64_t k) const { return rows_[lane].of[o][k / octet + low_]; }

 private:
  struct Rows {
    const Chunk* of[octets];
  };
  std::int64_t low_;  ///< where low parts begin, in chunks
  typename Warp::template PerLane<Rows> rows_;
};

/// Dimensions whose parts a lane keeps at once: of high parts alone, twice as many.
constexpr std::int64_t dimensions_at_once(HalfParts parts) { return parts == HalfParts::both ? slice_width : 2 * slice_width; }

/// A slice of `octets` octets in a lane's registers.
template <int octets>
struct AtomSlice {
  Chunk high[octets];
  Chunk low[octets];  ///< of the same slice, or the next slice's high parts

  template <HalfParts parts, class Octets>
  SPLICE_KERNEL void read(const Octets& from, int lane, std::int64_t k) {
    SPLICE_UNROLL
    for (int o = 0; o < octets; ++o) high[o] = from.high(lane, o, k);
    SPLICE_UNROLL
    for (int o = 0; o < octets; ++o) low[o] = parts == HalfParts::both ? from.low(lane, o, k) : from.high(lane, o, k + slice_width);
  }
};

/// sums(lane) += one lot of a slice: the rows first(lane) and second(lane), an octet each, with the columns column(lane).
template <class Warp, class First, class Second, class Columns, class Sums>
SPLICE_KERNEL void multiply_lot(Warp& warp, int lot, First first, Second second, Columns columns, Sums sums) {
  struct Operands {
    std::uint32_t rows[row_registers];
    std::uint32_t columns[column_registers];
  };
  typename Warp::template PerLane<Operands> operands;
  warp.each([&](int lane) SPLICE_INLINED {
    SPLICE_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int word = 2 * lot + half;
      operands[lane].rows[2 * half] = first(lane).words[word];
      operands[lane].rows[2 * half + 1] = second(lane).words[word];
      operands[lane].columns[half] = columns(lane).words[word];
    }
  });
  warp.multiply_add_half([&](int lane) { return operands[lane].rows; }, [&](int lane) { return operands[lane].columns; }, sums);
}

/// For all tiles (i, j) that `wanted`: sums(lane, i, j) += products of rows' octets 2 i and 2 i + 1 with columns' octet j over a
/// slice. Products that follow each other belong to different tiles: none waits for the one before.
template <HalfParts parts, int tile_rows, int tile_columns, class Warp, class Rows, class Columns, class Wanted, class Sums>
SPLICE_KERNEL void multiply_tiles(Warp& warp, Rows& rows, Columns& columns, Wanted wanted, Sums sums) {
  const auto each_tile = [&](auto row, auto column, int lot) SPLICE_INLINED {
    SPLICE_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      SPLICE_UNROLL
      for (int j = 0; j < tile_columns; ++j) {
        if (!wanted(i, j)) continue;
        multiply_lot(
            warp, lot, [&](int lane) { return row(lane, 2 * i); }, [&](int lane) { return row(lane, 2 * i + 1); },
            [&](int lane) { return column(lane, j); }, [&](int lane) { return sums(lane, i, j); });
      }
    }
  };
  const auto row_high = [&](int lane, int o) { return rows[lane].high[o]; };
  const auto row_low = [&](int lane, int o) { return rows[lane].low[o]; };
  const auto column_high = [&](int lane, int o) { return columns[lane].high[o]; };
  const auto column_low = [&](int lane, int o) { return columns[lane].low[o]; };
  SPLICE_UNROLL
  for (int lot = 0; lot < slice_lots; ++lot) {
    if constexpr (parts == HalfParts::both) {  // the small ones first: what is cut then is small, too
      each_tile(row_high, column_low, lot);
      each_tile(row_low, column_high, lot);
    } else {
      each_tile(row_low, column_low, lot);
    }
  }
  SPLICE_UNROLL
  for (int lot = 0; lot < slice_lots; ++lot) each_tile(row_high, column_high, lot);
}

inline constexpr std::int64_t part_width = 64;  ///< dimensions

/// sums += add(first, end, ...) over all dimensions. Tensor cores cut what they add up to float32, each time by up to 2^-24 of the
/// sum so far: `in_parts`, parts of the dimensions have sums of their own, which are rounded when they are added.
/// @param add  add(first, end, sums) adds the products over dimensions [first, end)
template <bool in_parts, class Sums, class Warp, class Add>
SPLICE_KERNEL void add_dimensions(Warp& warp, std::int64_t ld, typename Warp::template PerLane<Sums>& sums, Add add) {
  if constexpr (!in_parts) {
    add(0, ld, sums);
  } else {
    typename Warp::template PerLane<Sums> part;
    SPLICE_NO_UNROLL
    for (std::int64_t first = 0; first < ld; first += part_width) {
      warp.each([&](int lane) SPLICE_INLINED { part[lane] = {}; });
      add(first, first + part_width < ld ? first + part_width : ld, part);
      warp.each([&](int lane) SPLICE_INLINED {
        SPLICE_UNROLL
        for (int t = 0; t < Sums::tiles; ++t) {
          SPLICE_UNROLL
          for (int r = 0; r < sum_registers; ++r) sums[lane].of[t][r] += part[lane].of[t][r];
        }
      });
    }
  }
}

/// A lane's sums of `count` tiles.
template <int count>
struct TileSums {
  static constexpr int tiles = count;
  float of[count][sum_registers];
};

/// use(i, factor(i) <c_atom(i), vector>) for the atoms i < count at the rows of a tile, which begins at `first`, from sums of parts
/// that the lane has of it.
/// @param factors  [count] what products of atom i's parts are multiplied by
/// @param sum      sum(r): the lane's r-th sum of the tile whose columns all are the vector
template <class Factors, class Sum, class Use>
SPLICE_KERNEL void use_vector_sums(int lane, int count, int first, const Factors& factors, Sum sum, Use use) {
  if (lane_in_quad(lane) != 0) return;  // the others have the same
  SPLICE_UNROLL
  for (int r = 0; r < sum_registers; r += 2) {
    const int place = first + sum_row(lane, r);
    if (place < count) use(place, sum(r) * (static_cast<float>(factors[place]) / vector_scale));
  }
}

/// The lower triangle of `octets` octets' Gram matrix, in tiles of 16 x 8: tile (i, j) has rows 16 i and on, columns 8 j and on,
/// j <= 2 i + 1. All columns of tile (i, octets) are products with the vector.
template <class Warp, int octets>
class GramTiles {
 public:
  static constexpr int tile_rows = octets / 2;
  static_assert(octets % 2 == 0);

  /// @param vector  [2, ld] in parts
  template <HalfParts parts, class Atom>
  SPLICE_KERNEL void multiply(Warp& warp, const AtomsView& atoms, int count, Atom atom, const Float16* vector) {
    warp.each([&](int lane) SPLICE_INLINED { sums_[lane] = {}; });
    if (count == 0) return;
    AtomOctets<Warp, octets + 1, true> all(warp, atoms, count, atom, vector);
    constexpr bool in_parts = parts == HalfParts::both && octets <= most_octets_in_parts;  // where there are registers for it
    typename Warp::template PerLane<AtomSlice<octets + 1>> slice;
    add_dimensions<in_parts, Sums>(warp, atoms.ld, sums_, [&](std::int64_t first, std::int64_t end, auto& sums) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (std::int64_t k = first; k < end; k += dimensions_at_once(parts)) {
        warp.each([&](int lane) SPLICE_INLINED { slice[lane].template read<parts>(all, lane, k); });
        multiply_tiles<parts, tile_rows, octets + 1>(
            warp, slice, slice, [&](int i, int j) { return (j <= 2 * i + 1 || j == octets) && product_rows * i < count; },
            [&](int lane, int i, int j) { return sums[lane].of[tile(i, j)]; });
      }
    });
  }

  /// The product of the atom at place sum_row(lane, r) of tile row i with the vector.
  SPLICE_KERNEL float vector_sum(int lane, int i, int r) { return sums_[lane].of[tile(i, octets)][r]; }
  /// Sums of tile (i, j): see sum_row, sum_column.
  SPLICE_KERNEL const float* sums(int lane, int i, int j) { return sums_[lane].of[tile(i, j)]; }

 private:
  static constexpr int most_octets_in_parts = 4;
  static constexpr int tiles = tile_rows * (tile_rows + 2);
  static constexpr int tile(int i, int j) { return j == octets ? tile_rows * (tile_rows + 1) + i : i * (i + 1) + j; }
  using Sums = TileSums<tiles>;
  typename Warp::template PerLane<Sums> sums_;
};

/// Products of up to 16 atoms, the rows, with the first 8 `octets` of `count` atoms; `with_vector`: with a vector, too, and more
/// exact, in twice as many registers.
template <class Warp, int octets, bool with_vector = false>
class CrossTiles {
 public:
  /// @param vector  [2, ld] in parts
  template <class RowAtom, class Atom>
  SPLICE_KERNEL void multiply(Warp& warp, const AtomsView& atoms, int row_count, RowAtom row_atom, int count, Atom atom,
                              const Float16* vector = nullptr) {
    warp.each([&](int lane) SPLICE_INLINED { sums_[lane] = {}; });
    AtomOctets<Warp, 2> rows(warp, atoms, row_count, row_atom);
    AtomOctets<Warp, columns, with_vector> all(warp, atoms, count, atom, vector);
    typename Warp::template PerLane<AtomSlice<2>> row_slice;
    typename Warp::template PerLane<AtomSlice<columns>> column_slice;
    constexpr HalfParts parts = HalfParts::both;
    add_dimensions<with_vector, Sums>(warp, atoms.ld, sums_, [&](std::int64_t first, std::int64_t end, auto& sums) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (std::int64_t k = first; k < end; k += dimensions_at_once(parts)) {
        warp.each([&](int lane) SPLICE_INLINED {
          row_slice[lane].template read<parts>(rows, lane, k);
          column_slice[lane].template read<parts>(all, lane, k);
        });
        multiply_tiles<parts, 1, columns>(
            warp, row_slice, column_slice, [&](int, int j) { return octet * j < count || j == octets; },
            [&](int lane, int, int j) { return sums[lane].of[j]; });
      }
    });
  }
  /// Sums of the tile with columns' octet j; j = octets: with the vector.
  SPLICE_KERNEL const float* sums(int lane, int j) { return sums_[lane].of[j]; }

 private:
  static constexpr int columns = octets + (with_vector ? 1 : 0);
  using Sums = TileSums<columns>;
  typename Warp::template PerLane<Sums> sums_;
};

}  // namespace splice_cuda::cuda
