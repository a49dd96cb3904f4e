#pragma once

/// @file screen_memory.hpp
/// Shared memory of the fused screening, and who of its lanes works on what.

#include <cstddef>
#include <cstdint>

#include "kernels/screened_value.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"
#include "warpgroup_layout.hpp"

namespace splice_cuda::cuda {

/// What makes the products: see multiply_add_s8 and multiply_async of lane_group.hpp.
enum class ProductUnit : std::uint8_t { warp, warpgroup };

/// A block of 8 warps multiplies a number of rows and 128 atoms, in slices of 64 bytes of both. A lane's sums come in pieces:
/// of one row and of 32 atoms, which are one word of flags, those that a lane has of four products of 8 atoms. Pieces of the
/// same atoms follow each other.
struct ScreenSlices {
  static constexpr int lanes = 256;
  static constexpr int tile_atoms = 128;
  static constexpr int word_atoms = 32;
  static constexpr int words = tile_atoms / word_atoms;
  static constexpr int piece_products = word_atoms / product_columns;
  static constexpr int slice_bytes = 64;
  static constexpr int row_chunks = slice_bytes / static_cast<int>(sizeof(Chunk));
  static constexpr int slice_products = slice_bytes / product_depth;
  /// Where chunk `chunk` of row `row` of a slice lies. Two rows fill the 32 banks; of 8 rows next to each other, which is
  /// what a quarter of ldmatrix reads, the same chunk lies in 8 different places of them. It is where warpgroups expect it.
  static constexpr int chunk_at(int row, int chunk) { return row * row_chunks + (chunk ^ (row / 2 % row_chunks)); }
};

template <int places, ProductUnit unit>
struct ScreenGeometry;

/// 2 x 4 warps, each with half of the rows and one word of atoms.
template <int places>
struct ScreenGeometry<places, ProductUnit::warp> : ScreenSlices {
  static constexpr int warp_rows = places / 2;
  static constexpr int row_products = warp_rows / product_rows;
  static constexpr int lane_rows = 2 * row_products;  ///< whose sums a lane holds: 8 apart
  static constexpr int lane_words = 1;
  /// Of the ring, a slice each: one is multiplied, the others are on their way.
  static constexpr int stage_slices = 1;
  static constexpr int stages = 3;

  static constexpr int first_row(int warp) { return warp / words * warp_rows; }
  static constexpr int first_word(int warp) { return warp % words; }
};

/// Two warpgroups: of 128 rows each has half and all atoms, of 64 rows each has all and half of the atoms.
template <int places>
struct ScreenGeometry<places, ProductUnit::warpgroup> : ScreenSlices {
  static_assert(places == 128 || places == 64);
  static constexpr int side_by_side = 2 * warpgroup_rows / places;
  static constexpr int group_atoms = tile_atoms / side_by_side;
  static constexpr int lane_rows = 2;
  static constexpr int lane_words = group_atoms / word_atoms;
  /// Of the ring, two slices each, so that their warps wait for each other half as often.
  static constexpr int stage_slices = 2;
  static constexpr int stages = 2;

  /// Of a warpgroup.
  static constexpr int group_row(int group) { return group / side_by_side * warpgroup_rows; }
  static constexpr int group_atom(int group) { return group % side_by_side * group_atoms; }

  static constexpr int first_row(int warp) { return group_row(warp / 4) + warp % 4 * product_rows; }
  static constexpr int first_word(int warp) { return group_atom(warp / 4) / word_atoms; }
};

/// Where a lane's i-th piece belongs.
template <class Geometry>
struct ScreenPieces {
  static constexpr int count = Geometry::lane_rows * Geometry::lane_words;
  static constexpr int sums = count * 2 * Geometry::piece_products;
  /// Within the block.
  static constexpr int row(int warp, int lane, int i) {
    return Geometry::first_row(warp) + i % Geometry::lane_rows / 2 * product_rows + i % 2 * 8 + lane_group_of(lane);
  }
  /// Within the tile.
  static constexpr int word(int warp, int i) { return Geometry::first_word(warp) + i / Geometry::lane_rows; }
  /// Which of the lane's sums is that with atoms 8j + sum_column(lane, e) of the word; two rows share a product's.
  static constexpr int sum(int i, int j, int e) {
    return (i / 2 * Geometry::piece_products + j) * sum_registers + i % 2 * 2 + e;
  }
};

/// Two atoms' weights or errors: what a lane has side by side.
struct alignas(8) FloatPair {
  float of[2];
};

/// What the epilogue needs of a row.
struct alignas(16) RowTerms {
  ScreenedLimits limits;
  float scale;
  std::int32_t row;  ///< of the tile; -1: none
};

/// How the parts lie in it.
template <int places, ProductUnit unit>
struct ScreenLayout {
  using Geometry = ScreenGeometry<places, unit>;
  static constexpr int atom_chunks = Geometry::tile_atoms * Geometry::row_chunks;  ///< of a slice
  static constexpr int place_chunks = places * Geometry::row_chunks;
  static constexpr int pairs = Geometry::tile_atoms / 2;

  static constexpr int ring_slices = Geometry::stages * Geometry::stage_slices;

  static constexpr std::size_t weights = std::size_t{ring_slices} * atom_chunks * sizeof(Chunk);
  static constexpr std::size_t errors = weights + std::size_t{Geometry::stages} * pairs * sizeof(FloatPair);
  static constexpr std::size_t terms = errors + std::size_t{Geometry::stages} * pairs * sizeof(FloatPair);
  static constexpr std::size_t flags = terms + std::size_t{places} * sizeof(RowTerms);
  static constexpr std::size_t counts = flags + std::size_t{places} * Geometry::words * sizeof(std::uint32_t);
  static constexpr std::size_t before_rows = counts + std::size_t{2} * places * sizeof(std::int32_t);
  static constexpr std::size_t rows = (before_rows + matrix_alignment - 1) / matrix_alignment * matrix_alignment;

  /// @param row_slots  slices of rows: all of them, or as many as the ring has
  static constexpr std::size_t bytes(std::int64_t row_slots) {
    return rows + static_cast<std::size_t>(row_slots) * place_chunks * sizeof(Chunk);
  }
};

template <class Group, int places, ProductUnit unit>
class ScreenMemory {
 public:
  using Geometry = ScreenGeometry<places, unit>;
  using Layout = ScreenLayout<places, unit>;
  template <class T>
  using Array = typename Group::template Array<T>;

  SPLICE_KERNEL ScreenMemory(Group& group, std::int64_t row_slots)
      : atoms(part<Chunk>(group, 0, Layout::ring_slices * Layout::atom_chunks)),
        weights(part<FloatPair>(group, Layout::weights, Geometry::stages * Layout::pairs)),
        errors(part<FloatPair>(group, Layout::errors, Geometry::stages * Layout::pairs)),
        terms(part<RowTerms>(group, Layout::terms, places)),
        flags(part<std::uint32_t>(group, Layout::flags, places * Geometry::words)),
        counts(part<std::int32_t>(group, Layout::counts, 2 * places)),
        rows(part<Chunk>(group, Layout::rows, row_slots * Layout::place_chunks)) {}

  Array<Chunk> atoms;          ///< [stages, stage_slices, 128, chunks] int8 atoms
  Array<FloatPair> weights;    ///< [stages, 64] with a tile's last slice: its atoms' screen_weights ...
  Array<FloatPair> errors;     ///< [stages, 64] ... and screen_error
  Array<RowTerms> terms;       ///< [places]
  Array<std::uint32_t> flags;  ///< [places, 4] which of the tile's atoms pass
  Array<std::int32_t> counts;  ///< [2, places] listed before this tile, and before the next one
  Array<Chunk> rows;           ///< [slots, places, chunks] int8 rows

 private:
  template <class T>
  static SPLICE_KERNEL Array<T> part(Group& group, std::size_t offset, std::int64_t count) {
    return group.array(reinterpret_cast<T*>(group.dynamic_memory() + offset), count);
  }
};

}  // namespace splice_cuda::cuda
