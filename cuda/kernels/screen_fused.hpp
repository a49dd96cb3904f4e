#pragma once

/// @file screen_fused.hpp
/// Stage `screen` by tensor cores: products, test and lists in one kernel, so that no sum ever leaves its lane's registers.
/// The lists are those of multiply_int8 and ListCandidatesKernel, bit by bit: sums are exact, the rest is screened_value.
///
/// A block keeps its places and walks over the atoms in order, a tile of 128 at a time; so lists ascend and need neither
/// atomics nor merging. A tile is multiplied in slices of 64 bytes, which a ring of asynchronous copies brings; the ring
/// runs on while a tile's candidates are listed. Listing: a flag for each sum that passes, in words of 32 atoms that all
/// lanes see; a lane finds the places of what it lists by counting the flags in front.

#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/screen_memory.hpp"
#include "kernels/screen_split.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/screened_value.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// What the tests break, to see that it is noticed. Each is something that the kernel cannot do without.
struct ScreenFaults {
  bool no_wait = false;              ///< for a slice's copies
  bool wait_too_short = false;       ///< by a slice
  bool no_slice_barrier = false;     ///< between copies and their readers
  bool copies_too_early = false;     ///< before all have read what they overwrite
  bool no_flag_barrier = false;      ///< between flags and their readers
  bool counts_in_place = false;      ///< one copy of the counts instead of two in turn
  bool list_one_too_long = false;    ///< capacity off by one
  bool error_subtracted = false;     ///< bound = value - error
  bool zero_weights_listed = false;  ///< padding and banned atoms
};

struct ScreenFusedArgs {
  ScreenView screen;
  const std::int8_t* atoms = nullptr;  ///< [p padded, ld] AtomsView::rows8
  std::int64_t ld = 0;                 ///< a multiple of 64
  std::int64_t padded_atoms = 0;       ///< a multiple of 32
  const float* weights = nullptr;      ///< [p padded] ProblemView::screen_weights
  const float* errors = nullptr;       ///< [p padded] ProblemView::screen_error
  bool nonnegative = true;
  int target_blocks = 1;               ///< that the device runs at once
  std::int32_t* segment_counts = nullptr;  ///< [target_blocks, places] what a block's segment lists
  bool counting = false;                   ///< the launch that finds them, and lists nothing
};

/// One block's walk. ScreenView::q has to be allocated up to a multiple of `places`.
/// @tparam rows_stay  in shared memory; otherwise they come in slices as the atoms do, again for each tile
template <class Group, int places, bool rows_stay, ScreenFaults faults>
class ScreenWalk {
 public:
  using Geometry = ScreenGeometry<places>;
  using Layout = ScreenLayout<places>;

  SPLICE_KERNEL ScreenWalk(Group& group, const ScreenFusedArgs& args, std::int64_t item, const ScreenSplit& split)
      : group_(group),
        args_(args),
        item_(static_cast<int>(item)),
        segment_(item_ % split.segments),
        first_place_(item_ / split.segments * places),
        ld_(static_cast<int>(args.ld)),
        slices_(ld_ / Geometry::slice_bytes),
        first_atom_(segment_ * split.segment_tiles * Geometry::tile_atoms),
        atoms_left_(static_cast<int>(args.padded_atoms) - first_atom_),
        memory_(group, rows_stay ? slices_ : Geometry::stages) {
    const int segment_atoms = split.segment_tiles * Geometry::tile_atoms;
    atoms_left_ = atoms_left_ < segment_atoms ? atoms_left_ : segment_atoms;
    coming_left_ = atoms_left_;
    coming_atoms_ = args.atoms + std::int64_t{first_atom_} * ld_;
  }

  SPLICE_KERNEL void run() {
    begin();
    int stage = 0;
    for (; atoms_left_ > 0; atoms_left_ -= Geometry::tile_atoms) {
      clear_sums();
      int current = stage;
      for (int slice = 0; slice < slices_; ++slice) {
        constexpr int on_their_way = Geometry::stages - (faults.wait_too_short ? 1 : 2);
        if constexpr (!faults.no_wait) group_.template wait_copies<on_their_way>();
        const int free = stage > 0 ? stage - 1 : Geometry::stages - 1;  // what was multiplied before the barrier
        if constexpr (faults.copies_too_early) copy_next(free);
        if constexpr (!faults.no_slice_barrier) group_.sync();
        if constexpr (!faults.copies_too_early) copy_next(free);
        current = stage;
        multiply(current, rows_stay ? slice : current);
        stage = stage + 1 < Geometry::stages ? stage + 1 : 0;
      }
      flag(current);  // weights came with the last slice
      if constexpr (!faults.no_flag_barrier) group_.sync();
      list(current);
      first_atom_ += Geometry::tile_atoms;
    }
    finish();
  }

 private:
  static constexpr int row_products = Geometry::row_products;
  static constexpr int atom_products = Geometry::atom_products;
  static constexpr int product_sums = sum_registers;

  struct Sums {
    std::int32_t of[row_products * atom_products * product_sums];
  };
  struct Operands {
    std::uint32_t rows[row_products * row_registers];
    std::uint32_t atoms[atom_products * column_registers];
  };
  /// Flags of the lane's atoms at each of its rows; those of four rows share a register.
  struct Passed {
    std::uint32_t words[(Geometry::lane_rows + 3) / 4];
    SPLICE_KERNEL void set(int i, std::uint32_t own) { words[i / 4] = i % 4 == 0 ? own : words[i / 4] | own << (2 * (i % 4)); }
    SPLICE_KERNEL std::uint32_t of(int i) const { return words[i / 4] >> (2 * (i % 4)) & 0x03030303u; }
  };
  struct AtomTerms {
    float weights[2 * atom_products];
    float errors[2 * atom_products];
  };

  /// Where a per-lane value of the block is found from within a warp.
  static SPLICE_KERNEL int of_block(int warp, int lane) { return 32 * warp + lane; }

  SPLICE_KERNEL void begin() {
    const ScreenView& screen = args_.screen;
    const std::int32_t active = *screen.active_count;
    group_.each([&](int lane) {
      if (lane >= places) return;
      const int place = first_place_ + lane;
      const std::int32_t row = place < active ? screen.active[place] : -1;
      RowTerms terms{0, 0, std::numeric_limits<float>::infinity(), row};  // which nothing exceeds
      if (row >= 0) terms = {screen.scale[row], screen.norm[row], screen.threshold[row], row};
      memory_.terms[lane] = terms;
      std::int32_t before = 0;
      if (!args_.counting) {
        for (int other = item_ - segment_; other < item_; ++other) {
          before += args_.segment_counts[std::int64_t{other} * places + lane];
        }
      }
      memory_.counts[counts_at(0) + lane] = before;
    });
    if constexpr (rows_stay) {
      group_.each([&](int lane) {
        for (int slice = 0; slice < slices_; ++slice) copy_rows(lane, slice, slice);
      });
    }
    SPLICE_UNROLL
    for (int stage = 0; stage < Geometry::stages - 1; ++stage) copy_next(stage);
  }

  /// Where the counts of what is listed before this tile begin, or (1) before the next one.
  SPLICE_KERNEL int counts_at(int later) const {
    const unsigned tile = static_cast<unsigned>(first_atom_) / Geometry::tile_atoms + static_cast<unsigned>(later);
    return faults.counts_in_place ? 0 : static_cast<int>(tile % 2) * places;
  }

  /// The next slice into a stage, if there is one; a batch in any case.
  SPLICE_KERNEL void copy_next(int stage) {
    if (coming_left_ > 0) {
      const bool last = coming_slice_ == slices_ - 1;
      group_.each([&](int lane) {
        copy_atoms(lane, stage);
        if (last) copy_weights(lane, stage);
        if constexpr (!rows_stay) copy_rows(lane, coming_slice_, stage);
      });
      coming_atoms_ += Geometry::slice_bytes;
      ++coming_slice_;
      if (last) {
        coming_slice_ = 0;
        coming_atoms_ += (Geometry::tile_atoms - 1) * std::int64_t{ld_};
        coming_left_ -= Geometry::tile_atoms;
      }
    }
    group_.commit_copies();
  }

  /// A lane copies one chunk of each `copied_rows`-th row, which lie equally far apart on both sides.
  static constexpr int copied_rows = Geometry::lanes / Geometry::row_chunks;
  static constexpr int copied_chunks = copied_rows * Geometry::row_chunks;
  static SPLICE_KERNEL int copied_row(int lane) { return lane / Geometry::row_chunks; }
  static SPLICE_KERNEL int copied_to(int lane) { return Geometry::chunk_at(copied_row(lane), lane % Geometry::row_chunks); }
  SPLICE_KERNEL int copied_from(int lane) const {
    return copied_row(lane) * ld_ + lane % Geometry::row_chunks * static_cast<int>(sizeof(Chunk));
  }

  SPLICE_KERNEL void copy_atoms(int lane, int stage) {
    const std::int8_t* from = coming_atoms_ + copied_from(lane);
    const int to = stage * Layout::atom_chunks + copied_to(lane);
    SPLICE_UNROLL
    for (int i = 0; i < Geometry::tile_atoms / copied_rows; ++i) {
      group_.copy_async(memory_.atoms, to + i * copied_chunks, reinterpret_cast<const Chunk*>(from),
                        copied_row(lane) + i * copied_rows < coming_left_);
      from += std::int64_t{copied_rows} * ld_;
    }
  }

  /// Of the tile that is coming; 0 for atoms that are not there.
  SPLICE_KERNEL void copy_weights(int lane, int stage) {
    constexpr int atoms = 2 * sizeof(FloatPair) / sizeof(float);  // a copy
    const int atom = lane * atoms;
    if (atom >= Geometry::tile_atoms) return;
    const bool present = atom < coming_left_;
    const std::int64_t from = first_atom_ + atoms_left_ - coming_left_ + atom;
    const int to = stage * Layout::pairs + atom / 2;
    group_.copy_async(memory_.weights, to, reinterpret_cast<const FloatPair*>(args_.weights + from), present);
    group_.copy_async(memory_.errors, to, reinterpret_cast<const FloatPair*>(args_.errors + from), present);
  }

  /// One slice of all places.
  SPLICE_KERNEL void copy_rows(int lane, int slice, int slot) {
    const std::int8_t* from =
        args_.screen.q + std::int64_t{first_place_} * ld_ + slice * Geometry::slice_bytes + copied_from(lane);
    const int to = slot * Layout::place_chunks + copied_to(lane);
    SPLICE_UNROLL
    for (int i = 0; i < places / copied_rows; ++i) {
      group_.copy_async(memory_.rows, to + i * copied_chunks, reinterpret_cast<const Chunk*>(from), true);
      from += std::int64_t{copied_rows} * ld_;
    }
  }

  SPLICE_KERNEL void clear_sums() {
    group_.each([&](int lane) {
      SPLICE_UNROLL
      for (int i = 0; i < row_products * atom_products * product_sums; ++i) sums_[lane].of[i] = 0;
    });
  }

  SPLICE_KERNEL void multiply(int stage, int slot) {
    group_.warps([&](auto& warp, int index) {
      using Warp = std::remove_reference_t<decltype(warp)>;
      SPLICE_UNROLL
      for (int step = 0; step < Geometry::slice_products; ++step) {
        typename Warp::template PerLane<Operands> operands;
        load_operands(warp, index, operands, stage, slot, step);
        SPLICE_UNROLL
        for (int i = 0; i < row_products; ++i) {
          SPLICE_UNROLL
          for (int j = 0; j < atom_products; ++j) {
            warp.multiply_add_s8(
                [&](int lane) { return operands[lane].rows + i * row_registers; },
                [&](int lane) { return operands[lane].atoms + j * column_registers; },
                [&](int lane) { return sums_[of_block(index, lane)].of + (i * atom_products + j) * product_sums; });
          }
        }
      }
    });
  }

  template <class Warp, class PerLaneOperands>
  SPLICE_KERNEL void load_operands(Warp& warp, int index, PerLaneOperands& operands, int stage, int slot, int step) {
    // Matrices: rows 0-7 and 8-15 of the first 16 bytes, then of the others; both halves of atoms 0-7, then of atoms 8-15.
    const auto row = [&](int lane) {
      const int first = Geometry::first_row(index);
      return (slot * Layout::place_chunks + Geometry::chunk_at(first + lane % 16, lane / 16)) ^ (2 * step);
    };
    const auto atom = [&](int lane) {
      const int first = Geometry::column(index) * Geometry::warp_atoms;
      return (stage * Layout::atom_chunks + Geometry::chunk_at(first + lane / 16 * 8 + lane % 8, lane / 8 % 2)) ^ (2 * step);
    };
    constexpr int sixteen_rows = 16 * Geometry::row_chunks;  // which lie alike
    SPLICE_UNROLL
    for (int i = 0; i < row_products; ++i) {
      warp.load_matrices(memory_.rows, [&](int lane) { return row(lane) + i * sixteen_rows; },
                         [&](int lane) { return operands[lane].rows + i * row_registers; });
    }
    SPLICE_UNROLL
    for (int j = 0; j < atom_products / 2; ++j) {
      warp.load_matrices(memory_.atoms, [&](int lane) { return atom(lane) + j * sixteen_rows; },
                         [&](int lane) { return operands[lane].atoms + 2 * j * column_registers; });
    }
  }

  /// Where register r of a lane's sums with its i-th row and its warp's j-th eight atoms is.
  static constexpr int sum_at(int i, int j, int e) {
    return (i / 2 * atom_products + j) * product_sums + i % 2 * 2 + e;
  }

  SPLICE_KERNEL void flag(int stage) {
    if (args_.nonnegative) {
      flag_signed<true>(stage);
    } else {
      flag_signed<false>(stage);
    }
  }

  template <bool nonnegative>
  SPLICE_KERNEL void flag_signed(int stage) {
    group_.warps([&](auto& warp, int index) {
      using Warp = std::remove_reference_t<decltype(warp)>;
      typename Warp::template PerLane<AtomTerms> terms;
      typename Warp::template PerLane<std::uint32_t> word;  // flags of the warp's 32 atoms at a lane's i-th row
      warp.each([&](int lane) { load_weights(index, lane, stage, terms[lane]); });
      SPLICE_UNROLL
      for (int i = 0; i < Geometry::lane_rows; ++i) {
        warp.each([&](int lane) {
          const std::uint32_t own = flags_of<nonnegative>(index, lane, i, terms[lane]);
          passed_[of_block(index, lane)].set(i, own);
          word[lane] = own << sum_column(lane, 0);
        });
        warp.or_quads([&](int lane) -> std::uint32_t& { return word[lane]; });
        warp.each([&](int lane) {
          if (lane_in_quad(lane) != i % 4) return;
          memory_.flags[Geometry::lane_row(index, lane, i) * Geometry::warp_columns + Geometry::column(index)] = word[lane];
        });
      }
    });
  }

  /// Those of the lane's own atoms: two bits a byte, as if its first atom were the warp's.
  template <bool nonnegative>
  SPLICE_KERNEL std::uint32_t flags_of(int index, int lane, int i, const AtomTerms& atoms) {
    const Sums& sums = sums_[of_block(index, lane)];
    const RowTerms row = memory_.terms[Geometry::lane_row(index, lane, i)];
    std::uint32_t word = 0;
    SPLICE_UNROLL
    for (int j = 0; j < 2 * atom_products; ++j) {
      const ScreenedValue found = screened_value(sums.of[sum_at(i, j / 2, j % 2)], atoms.weights[j], atoms.errors[j],
                                                 row.scale, row.norm, nonnegative);
      if (found.bound > row.threshold) word |= 1u << (j / 2 * product_columns + j % 2);
    }
    return word;
  }

  /// Of the lane's atoms. Errors of atoms without weight are such that their bounds are never above anything.
  SPLICE_KERNEL void load_weights(int index, int lane, int stage, AtomTerms& terms) {
    SPLICE_UNROLL
    for (int j = 0; j < atom_products; ++j) {
      const int at = stage * Layout::pairs +
                     (Geometry::column(index) * Geometry::warp_atoms + j * product_columns + sum_column(lane, 0)) / 2;
      const FloatPair weight = memory_.weights[at];
      const FloatPair error = memory_.errors[at];
      SPLICE_UNROLL
      for (int e = 0; e < 2; ++e) {
        terms.weights[2 * j + e] = weight.of[e];
        terms.errors[2 * j + e] = faults.error_subtracted ? -error.of[e] : error.of[e];
        if (weight.of[e] == 0 && !faults.zero_weights_listed) {
          terms.errors[2 * j + e] = -std::numeric_limits<float>::infinity();
        }
      }
    }
  }

  SPLICE_KERNEL void list(int stage) {
    group_.each([&](int lane) {
      if (lane >= places) return;
      int passed = 0;
      SPLICE_UNROLL
      for (int column = 0; column < Geometry::warp_columns; ++column) {
        passed += Group::count_bits(memory_.flags[lane * Geometry::warp_columns + column]);
      }
      memory_.counts[counts_at(1) + lane] = memory_.counts[counts_at(0) + lane] + passed;
    });
    if (args_.counting) return;
    group_.warps([&](auto& warp, int index) {
      warp.each([&](int lane) {
        SPLICE_UNROLL
        for (int i = 0; i < Geometry::lane_rows; ++i) {
          const std::uint32_t own = passed_[of_block(index, lane)].of(i);
          if (own != 0) append(warp, index, lane, i, own, stage);
        }
      });
    });
  }

  /// The lane's own atoms that pass at its i-th row, `own`, to the row's list.
  template <class Warp>
  SPLICE_KERNEL void append(Warp& warp, int index, int lane, int i, std::uint32_t own, int stage) {
    const int row = Geometry::lane_row(index, lane, i);
    int first = memory_.counts[counts_at(0) + row];
    SPLICE_UNROLL
    for (int column = 0; column < Geometry::warp_columns - 1; ++column) {
      const int passed = Group::count_bits(memory_.flags[row * Geometry::warp_columns + column]);
      if (column < Geometry::column(index)) first += passed;
    }
    const std::uint32_t word = memory_.flags[row * Geometry::warp_columns + Geometry::column(index)];
    const RowTerms terms = memory_.terms[row];
    const ScreenView& screen = args_.screen;
    const int capacity = static_cast<int>(screen.list_capacity);
    const std::int64_t start = std::int64_t{terms.row} * capacity;
    auto atoms = warp.array(screen.list_atoms + start, capacity);
    auto values = warp.array(screen.list_values + start, capacity);
    for (; own != 0; own &= own - 1) {
      const int bit = Group::lowest_bit(own);
      const int column = bit + sum_column(lane, 0);
      const int at = first + Group::count_bits(word & ((1u << column) - 1));
      if (at >= capacity + (faults.list_one_too_long ? 1 : 0)) return;
      const int atom = Geometry::column(index) * Geometry::warp_atoms + column;
      const FloatPair weight = memory_.weights[stage * Layout::pairs + (atom >> 1)];
      const std::int32_t sum = picked_sum(sums_[of_block(index, lane)], i, bit);
      atoms[at] = first_atom_ + atom;
      values[at] = screened_value(sum, bit % 2 == 0 ? weight.of[0] : weight.of[1], 0, terms.scale, 0, true).value;
    }
  }

  /// The sum of the lane's i-th row whose flag is `bit`, by selections: registers have no index.
  static SPLICE_KERNEL std::int32_t picked_sum(const Sums& sums, int i, int bit) {
    static_assert(atom_products == 4);
    std::int32_t pair[atom_products];
    SPLICE_UNROLL
    for (int j = 0; j < atom_products; ++j) pair[j] = bit % 2 == 0 ? sums.of[sum_at(i, j, 0)] : sums.of[sum_at(i, j, 1)];
    const std::int32_t low = (bit & 8) == 0 ? pair[0] : pair[1];
    const std::int32_t high = (bit & 8) == 0 ? pair[2] : pair[3];
    return (bit & 16) == 0 ? low : high;
  }

  SPLICE_KERNEL void finish() {
    group_.each([&](int lane) {
      if (lane >= places) return;
      const std::int32_t count = memory_.counts[counts_at(0) + lane];
      if (args_.counting) {
        args_.segment_counts[std::int64_t{item_} * places + lane] = count;
      } else {
        const RowTerms terms = memory_.terms[lane];
        const bool all_listed = first_atom_ >= args_.padded_atoms;  // by the last segment
        if (all_listed && terms.row >= 0) args_.screen.list_count[terms.row] = count;
      }
    });
  }

  Group& group_;
  const ScreenFusedArgs& args_;
  int item_;
  int segment_;
  int first_place_;
  int ld_;
  int slices_;
  int first_atom_;  ///< of the tile that is multiplied
  int atoms_left_;  ///< in the segment, from there on
  const std::int8_t* coming_atoms_ = nullptr;  ///< of the slice that is copied next
  int coming_left_ = 0;                        ///< atoms from its first one on
  int coming_slice_ = 0;
  ScreenMemory<Group, places> memory_;
  typename Group::template PerLane<Sums> sums_;
  typename Group::template PerLane<Passed> passed_;
};

/// Item: a segment of the atoms for a block of places.
template <int places, bool rows_stay, ScreenFaults faults = ScreenFaults{}>
struct ScreenFusedKernel {
  using Args = ScreenFusedArgs;
  struct Shared {};
  static constexpr int lanes = ScreenGeometry<places>::lanes;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 2;  // one lists while the other multiplies
  static constexpr const char* name = "screen_fused_kernel";

  static constexpr std::size_t dynamic_bytes(const Args& args) { return memory_bytes(args.ld); }
  static constexpr std::size_t memory_bytes(std::int64_t ld) {
    using Geometry = ScreenGeometry<places>;
    return ScreenLayout<places>::bytes(rows_stay ? ld / Geometry::slice_bytes : Geometry::stages);
  }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    if constexpr (Group::has_tensor_products) {
      constexpr int tile_atoms = ScreenGeometry<places>::tile_atoms;
      const int tiles = static_cast<int>((args.padded_atoms + tile_atoms - 1) / tile_atoms);
      const ScreenSplit split = split_screening(*args.screen.active_count, tiles, places, args.target_blocks);
      if (item >= split.place_blocks * split.segments || (args.counting && split.segments == 1)) return;
      ScreenWalk<Group, places, rows_stay, faults>(group, args, item, split).run();
    }
  }
};

}  // namespace splice_cuda::cuda
