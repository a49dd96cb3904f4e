#pragma once

/// @file screen_fused.hpp
/// Stage `screen` by tensor cores: products, test and lists in one kernel, so that no sum ever leaves its lane's registers.
/// The lists are those of multiply_int8 and ListCandidatesKernel, bit by bit: sums are exact, the rest is screened_value.
///
/// A block keeps its places and walks over the atoms in order, a tile of 128 at a time; so lists ascend and need neither
/// atomics nor merging. A tile is multiplied in slices of 64 bytes, which a ring of asynchronous copies brings; the ring
/// runs on while a tile's candidates are listed. Products are those of warps, which load their operands into registers, or of
/// warpgroups, which read two slices where they lie while the next ones are copied. Listing: a flag for each sum
/// that passes, in words of 32 atoms that all lanes see; a lane finds the places of what it lists by counting the flags in
/// front.

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/screen_memory.hpp"
#include "kernels/screen_products.hpp"
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
  bool no_fence = false;             ///< between copies and warpgroups' products
  bool no_product_wait = false;      ///< whose operands are overwritten then, and whose sums are not there
  bool sums_kept = false;            ///< of the tile before
  bool no_flag_barrier = false;      ///< between flags and their readers
  bool counts_in_place = false;      ///< one copy of the counts instead of two in turn
  bool list_one_too_long = false;    ///< capacity off by one
  bool error_subtracted = false;     ///< bound = value - error
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
template <class Group, int places, bool rows_stay, ProductUnit unit, ScreenFaults faults>
class ScreenWalk {
 public:
  using Geometry = ScreenGeometry<places, unit>;
  using Layout = ScreenLayout<places, unit>;
  using Pieces = ScreenPieces<Geometry>;

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
        memory_(group, rows_stay ? slices_ : Layout::ring_slices) {
    const int segment_atoms = split.segment_tiles * Geometry::tile_atoms;
    atoms_left_ = atoms_left_ < segment_atoms ? atoms_left_ : segment_atoms;
    coming_left_ = atoms_left_;
    coming_atoms_ = args.atoms + std::int64_t{first_atom_} * ld_;
  }

  SPLICE_KERNEL void run() {
    begin();
    int stage = 0;
    for (; atoms_left_ > 0; atoms_left_ -= Geometry::tile_atoms) {
      if constexpr (!by_warpgroups) clear_sums();
      int current = stage;
      for (int slice = 0; slice < slices_; slice += Geometry::stage_slices) {
        // Of the stages, all but one are in front of the one whose turn it is.
        constexpr int on_their_way = Geometry::stages - (faults.wait_too_short ? 1 : 2);
        if constexpr (!faults.no_wait) group_.template wait_copies<on_their_way>();
        if constexpr (by_warpgroups && !faults.no_fence) group_.publish_to_products();
        const int free = stage > 0 ? stage - 1 : Geometry::stages - 1;  // read by all before the barrier
        if constexpr (faults.copies_too_early) copy_next(free);
        if constexpr (!faults.no_slice_barrier) group_.sync();
        current = stage;
        if constexpr (by_warpgroups) multiply_async(current, slice);
        if constexpr (!faults.copies_too_early) copy_next(free);
        if constexpr (!by_warpgroups) multiply(current, rows_stay ? slice : current);
        if constexpr (by_warpgroups && !faults.no_product_wait) wait_products();
        stage = stage + 1 < Geometry::stages ? stage + 1 : 0;
      }
      flag(current);  // weights came with the last slices
      if constexpr (!faults.no_flag_barrier) group_.sync();
      list(current);
      first_atom_ += Geometry::tile_atoms;
    }
    finish();
  }

 private:
  static constexpr bool by_warpgroups = unit == ProductUnit::warpgroup;
  static constexpr int piece_atoms = 2 * Geometry::piece_products;

  struct Sums {
    std::int32_t of[Pieces::sums];
  };
  /// Flags of the lane's atoms of each piece; those of four pieces share a register.
  struct Passed {
    std::uint32_t words[(Pieces::count + 3) / 4];
    SPLICE_KERNEL void set(int i, std::uint32_t own) { words[i / 4] = i % 4 == 0 ? own : words[i / 4] | own << (2 * (i % 4)); }
    SPLICE_KERNEL std::uint32_t of(int i) const { return words[i / 4] >> (2 * (i % 4)) & 0x03030303u; }
  };
  struct AtomTerms {
    float weights[piece_atoms];
    float errors[piece_atoms];
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
      RowTerms terms{{std::numeric_limits<float>::infinity(), 0}, 0, row};  // which nothing exceeds
      if (row >= 0) {
        const float scale = screen.scale[row];
        terms = {screened_limits(scale, screen.norm[row], screen.threshold[row]), scale, row};
      }
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

  /// The tile's next slices into a stage, if there are any; a batch in any case.
  SPLICE_KERNEL void copy_next(int stage) {
    if (coming_left_ > 0) {
      const bool last = coming_slice_ + Geometry::stage_slices >= slices_;
      group_.each([&](int lane) {
        SPLICE_UNROLL
        for (int i = 0; i < Geometry::stage_slices; ++i) {
          if (i > 0 && coming_slice_ + i >= slices_) continue;
          copy_atoms(lane, i, stage * Geometry::stage_slices + i);
          if constexpr (!rows_stay) copy_rows(lane, coming_slice_ + i, stage * Geometry::stage_slices + i);
        }
        if (last) copy_weights(lane, stage);
      });
      coming_slice_ += Geometry::stage_slices;
      coming_atoms_ += Geometry::stage_slices * Geometry::slice_bytes;
      if (last) {
        coming_atoms_ += Geometry::tile_atoms * std::int64_t{ld_} - std::int64_t{coming_slice_} * Geometry::slice_bytes;
        coming_slice_ = 0;
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

  /// @param later  slices after the one that comes next
  SPLICE_KERNEL void copy_atoms(int lane, int later, int slot) {
    const std::int8_t* from = coming_atoms_ + later * Geometry::slice_bytes + copied_from(lane);
    const int to = slot * Layout::atom_chunks + copied_to(lane);
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
      for (int i = 0; i < Pieces::sums; ++i) sums_[lane].of[i] = 0;
    });
  }

  SPLICE_KERNEL void multiply(int stage, int slot) {
    group_.warps([&](auto& warp, int index) {
      multiply_slice<Geometry>(
          warp, memory_.rows, slot * Layout::place_chunks + Geometry::chunk_at(Geometry::first_row(index), 0), memory_.atoms,
          stage * Layout::atom_chunks + Geometry::chunk_at(Geometry::first_word(index) * Geometry::word_atoms, 0),
          [&](int lane) { return sums_[of_block(index, lane)].of; });
    });
  }

  /// A stage's slices, of which `slice` is the first one.
  SPLICE_KERNEL void multiply_async(int stage, int slice) {
    SPLICE_UNROLL
    for (int i = 0; i < Geometry::stage_slices; ++i) {
      if (i > 0 && slice + i >= slices_) continue;
      const int slot = stage * Geometry::stage_slices + i;
      const int row_slot = rows_stay ? slice + i : slot;
      group_.template multiply_async<Geometry::group_atoms>(
          memory_.rows,
          [&](int group) { return row_slot * Layout::place_chunks + Geometry::chunk_at(Geometry::group_row(group), 0); },
          memory_.atoms,
          [&](int group) { return slot * Layout::atom_chunks + Geometry::chunk_at(Geometry::group_atom(group), 0); },
          slice + i > 0 || faults.sums_kept, [&](int lane) { return sums_[lane].of; });
    }
  }

  SPLICE_KERNEL void wait_products() {
    group_.template wait_products<0, Geometry::group_atoms>([&](int lane) { return sums_[lane].of; });
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
      typename Warp::template PerLane<std::uint32_t> word;  // flags of a piece's 32 atoms
      SPLICE_UNROLL
      for (int i = 0; i < Pieces::count; ++i) {
        warp.each([&](int lane) {
          if (i % Geometry::lane_rows == 0) load_weights(Pieces::word(index, i), lane, stage, terms[lane]);
          const std::uint32_t own = flags_of<nonnegative>(index, lane, i, terms[lane]);
          passed_[of_block(index, lane)].set(i, own);
          word[lane] = own << sum_column(lane, 0);
        });
        warp.or_quads([&](int lane) -> std::uint32_t& { return word[lane]; });
        warp.each([&](int lane) {
          if (lane_in_quad(lane) != i % 4) return;
          memory_.flags[Pieces::row(index, lane, i) * Geometry::words + Pieces::word(index, i)] = word[lane];
        });
      }
    });
  }

  /// Those of the lane's own atoms: two bits a byte, as if its first atom were the word's.
  template <bool nonnegative>
  SPLICE_KERNEL std::uint32_t flags_of(int index, int lane, int i, const AtomTerms& atoms) {
    const Sums& sums = sums_[of_block(index, lane)];
    const RowTerms row = memory_.terms[Pieces::row(index, lane, i)];
    std::uint32_t word = 0;
    SPLICE_UNROLL
    for (int j = Geometry::piece_products - 1; j >= 0; --j) {
      word <<= product_columns - 2;
      SPLICE_UNROLL
      for (int e = 1; e >= 0; --e) {
        const float shortfall = screened_shortfall(sums.of[Pieces::sum(i, j, e)], atoms.weights[2 * j + e],
                                                   atoms.errors[2 * j + e], row.limits, nonnegative);
        word = word << 1 | std::bit_cast<std::uint32_t>(shortfall) >> 31;  // one instruction
      }
    }
    return word;
  }

  /// Of the lane's atoms of a word.
  SPLICE_KERNEL void load_weights(int word, int lane, int stage, AtomTerms& terms) {
    SPLICE_UNROLL
    for (int j = 0; j < Geometry::piece_products; ++j) {
      const int at = stage * Layout::pairs + (word * Geometry::word_atoms + j * product_columns + sum_column(lane, 0)) / 2;
      const FloatPair weight = memory_.weights[at];
      const FloatPair error = memory_.errors[at];
      SPLICE_UNROLL
      for (int e = 0; e < 2; ++e) {
        terms.weights[2 * j + e] = weight.of[e];
        terms.errors[2 * j + e] = faults.error_subtracted ? -error.of[e] : error.of[e];
      }
    }
  }

  SPLICE_KERNEL void list(int stage) {
    group_.each([&](int lane) {
      if (lane >= places) return;
      int passed = 0;
      SPLICE_UNROLL
      for (int word = 0; word < Geometry::words; ++word) {
        passed += Group::count_bits(memory_.flags[lane * Geometry::words + word]);
      }
      memory_.counts[counts_at(1) + lane] = memory_.counts[counts_at(0) + lane] + passed;
    });
    if (args_.counting) return;
    group_.warps([&](auto& warp, int index) {
      warp.each([&](int lane) {
        SPLICE_UNROLL
        for (int i = 0; i < Pieces::count; ++i) {
          const std::uint32_t own = passed_[of_block(index, lane)].of(i);
          if (own != 0) append(warp, index, lane, i, own, stage);
        }
      });
    });
  }

  /// Atoms of the lane's i-th piece that pass, `own`, to the row's list.
  template <class Warp>
  SPLICE_KERNEL void append(Warp& warp, int index, int lane, int i, std::uint32_t own, int stage) {
    const int row = Pieces::row(index, lane, i);
    const int own_word = Pieces::word(index, i);
    int first = memory_.counts[counts_at(0) + row];
    SPLICE_UNROLL
    for (int other = 0; other < Geometry::words - 1; ++other) {
      const int passed = Group::count_bits(memory_.flags[row * Geometry::words + other]);
      if (other < own_word) first += passed;
    }
    const std::uint32_t word = memory_.flags[row * Geometry::words + own_word];
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
      const int atom = own_word * Geometry::word_atoms + column;
      const FloatPair weight = memory_.weights[stage * Layout::pairs + (atom >> 1)];
      const std::int32_t sum = picked_sum(sums_[of_block(index, lane)], i, bit);
      atoms[at] = first_atom_ + atom;
      values[at] = screened_value(sum, bit % 2 == 0 ? weight.of[0] : weight.of[1], terms.scale);
    }
  }

  /// The sum of the lane's i-th piece whose flag is `bit`, by selections: registers have no index.
  static SPLICE_KERNEL std::int32_t picked_sum(const Sums& sums, int i, int bit) {
    static_assert(Geometry::piece_products == 4);
    std::int32_t pair[Geometry::piece_products];
    SPLICE_UNROLL
    for (int j = 0; j < Geometry::piece_products; ++j) {
      pair[j] = bit % 2 == 0 ? sums.of[Pieces::sum(i, j, 0)] : sums.of[Pieces::sum(i, j, 1)];
    }
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
  ScreenMemory<Group, places, unit> memory_;
  typename Group::template PerLane<Sums> sums_;
  typename Group::template PerLane<Passed> passed_;
};

/// Item: a segment of the atoms for a block of places.
template <int places, bool rows_stay, ProductUnit unit, ScreenFaults faults = ScreenFaults{}>
struct ScreenFusedKernel {
  using Args = ScreenFusedArgs;
  using Geometry = ScreenGeometry<places, unit>;
  using Layout = ScreenLayout<places, unit>;
  struct Shared {};
  static constexpr int lanes = Geometry::lanes;
  static constexpr int groups_per_block = 1;
  static constexpr int resident_blocks = 2;  // one lists while the other multiplies
  static constexpr const char* name = unit == ProductUnit::warp ? "screen_fused_kernel" : "screen_warpgroups_kernel";

  static constexpr std::size_t dynamic_bytes(const Args& args) { return memory_bytes(args.ld); }
  static constexpr std::size_t memory_bytes(std::int64_t ld) {
    return Layout::bytes(rows_stay ? ld / Geometry::slice_bytes : Layout::ring_slices);
  }

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    if constexpr (can_run<Group>()) {
      constexpr int tile_atoms = Geometry::tile_atoms;
      const int tiles = static_cast<int>((args.padded_atoms + tile_atoms - 1) / tile_atoms);
      const ScreenSplit split = split_screening(*args.screen.active_count, tiles, places, args.target_blocks);
      if (item >= split.place_blocks * split.segments || (args.counting && split.segments == 1)) return;
      ScreenWalk<Group, places, rows_stay, unit, faults>(group, args, item, split).run();
    } else {
      Group::give_up();  // empty lists would prove that no atom matters
    }
  }

 private:
  template <class Group>
  static constexpr bool can_run() {
    return unit == ProductUnit::warp ? Group::has_tensor_products : Group::has_warpgroup_products;
  }
};

}  // namespace splice_cuda::cuda
