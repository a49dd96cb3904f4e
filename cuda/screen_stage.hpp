#pragma once

/// @file screen_stage.hpp
/// Stage `screen`: int8 products of a tile's rows with all atoms, and lists of what passes. The n x p matrix never exists.
/// Where the device has int8 tensor cores that a kernel can use, products and lists are made in one (screen_fused.hpp), by
/// warpgroups where there are products of those; elsewhere a library multiplies block by block, of a size that the
/// second-level cache holds. The lists are the same.

#include <algorithm>
#include <cstdint>

#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/collect_rows.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/picks.hpp"
#include "kernels/quantize_rows.hpp"
#include "kernels/screen_fused.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class ScreenStage {
 public:
  ScreenStage(Engine& engine, const DeviceDictionary<Engine>& dictionary, const ProblemView& problem, std::int64_t rows)
      : engine_(engine),
        atoms_(dictionary.view()),
        padded_atoms_(dictionary.padded_size),
        problem_(problem),
        capacity_(list_capacity(dictionary)),
        fused_(engine.has_int8_tensor_cores()),
        active_(engine, rows),
        counts_(engine, 2 + waiting_lists),
        q_(engine, padded_rows(rows, fused_) * dictionary.ld),
        ints_(engine, rows * ints),
        floats_(engine, rows * floats),
        list_atoms_(engine, rows * capacity_),
        list_values_(engine, rows * capacity_),
        sums_(engine, sum_count(dictionary)) {
    // What places past the active ones hold is multiplied, and looked at by nobody.
    engine.clear(q_.get(), q_.bytes());
    view_.active = active_.get();
    view_.active_count = counts_.get();
    view_.waiting_count = counts_.get() + 2;
    view_.q = q_.get();
    view_.place = ints_.get();
    view_.margin_level = ints_.get() + rows;
    view_.list_count = ints_.get() + 2 * rows;
    view_.pick_count = ints_.get() + 3 * rows;
    view_.waiting = ints_.get() + 4 * rows;
    view_.pick_atoms = ints_.get() + (4 + waiting_lists) * rows;
    view_.scale = floats_.get();
    view_.norm = floats_.get() + rows;
    view_.threshold = floats_.get() + 2 * rows;
    view_.unlisted_bound = floats_.get() + 3 * rows;
    view_.pick_values = floats_.get() + 4 * rows;
    view_.list_capacity = capacity_;
    view_.list_atoms = list_atoms_.get();
    view_.list_values = list_values_.get();
  }

  static std::size_t fixed_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(sum_count(dictionary) * 4 + block_rows * dictionary.ld) + 4096;
  }
  static std::size_t row_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(dictionary.ld + list_capacity(dictionary) * 8 + 4 * (1 + ints + floats));
  }
  static std::int64_t list_capacity(const DeviceDictionary<Engine>& dictionary) {
    return std::min(dictionary.size, std::max(least_listed, dictionary.size / list_share));
  }

  /// Of a tile: a block of rows for every place that the device has for one.
  static std::int64_t preferred_rows(const DeviceDictionary<Engine>& dictionary) {
    const Engine& engine = *dictionary.owner;
    return engine.has_int8_tensor_cores() ? std::max<std::int64_t>(target_blocks(engine) * large_block, 8192) : 32768;
  }

  const ScreenView& view() const { return view_; }

  /// Finds the rows that take part in the next round. @param warm_only  in what comes before the first one
  void collect(const RowsView& rows, bool warm_only = false) {
    engine_.template launch<CollectRowsKernel>(1, {rows, view_, counts_.get() + 1, warm_only});
  }

  /// Screens them. @param most  of them there can be
  void screen(const RowsView& rows, std::int64_t most) {
    engine_.template launch<QuantizeRowsKernel>(most, {atoms_.ld, problem_.atom_norm, rows, view_});
    if (fused_) {
      screen_fused(most);
    } else {
      screen_by_blocks(most);
    }
  }

  /// Rows that are not finished, as of the last collect(); enqueued, there after synchronize().
  void download_unfinished(std::int32_t& count) { engine_.download(&count, counts_.get() + 1, sizeof count); }
  void download_active(std::int32_t& count) { engine_.download(&count, counts_.get(), sizeof count); }

 private:
  static constexpr std::int64_t least_listed = 2048;
  // Of a larger dictionary, this share: as many atoms again come as near to lambda (the CPU's choice, too). Tiles have fewer rows
  // for it; those that overflow would be solved in fp64.
  static constexpr std::int64_t list_share = 16;
  static constexpr std::int64_t block_rows = 512;

  static constexpr std::int64_t ints = 4 + waiting_lists + most_picks;  ///< a row, beside its place in active_
  static constexpr std::int64_t floats = 4 + most_picks;

  static constexpr int large_block = 128;  ///< places a block of the fused kernel
  static constexpr int small_block = 64;
  /// Up to this many rows, large blocks would leave multiprocessors idle.
  static constexpr std::int64_t few_rows = 8192;

  static std::int64_t padded_rows(std::int64_t rows, bool fused) {
    const std::int64_t block = fused ? large_block : block_rows;
    return (rows + block - 1) / block * block;
  }
  /// 512 x 8,192 sums of 4 bytes: 16 MiB, which second-level caches hold.
  static std::int64_t block_atoms(const DeviceDictionary<Engine>& dictionary) {
    return std::min<std::int64_t>(dictionary.padded_size, 8192);
  }
  /// Products of a block of rows and atoms; fused, what segments of atoms list.
  static std::int64_t sum_count(const DeviceDictionary<Engine>& dictionary) {
    const Engine& engine = *dictionary.owner;
    return engine.has_int8_tensor_cores() ? target_blocks(engine) * large_block : block_rows * block_atoms(dictionary);
  }
  static std::int64_t target_blocks(const Engine& engine) {
    return std::int64_t{ScreenFusedKernel<large_block, true, ProductUnit::warp>::resident_blocks} * engine.multiprocessors();
  }

  void screen_fused(std::int64_t most) {
    if (engine_.has_warpgroup_products()) {
      screen_fused_by<ProductUnit::warpgroup>(most);
    } else {
      screen_fused_by<ProductUnit::warp>(most);
    }
  }

  /// Rows stay in shared memory where they fit, if only as small blocks: larger ones in slices would not read less.
  template <ProductUnit unit>
  void screen_fused_by(std::int64_t most) {
    using Large = ScreenFusedKernel<large_block, true, unit>;
    using Small = ScreenFusedKernel<small_block, true, unit>;
    const std::size_t memory = engine_.most_dynamic_memory();
    if (most > few_rows && Large::memory_bytes(atoms_.ld) <= memory) {
      launch_fused<Large>(most, large_block);
    } else if (Small::memory_bytes(atoms_.ld) <= memory) {
      launch_fused<Small>(most, small_block);
    } else {
      launch_fused<ScreenFusedKernel<small_block, false, unit>>(most, small_block);
    }
  }

  template <class Kernel>
  void launch_fused(std::int64_t most, int places) {
    ScreenFusedArgs args;
    args.screen = view_;
    args.atoms = atoms_.rows8;
    args.ld = atoms_.ld;
    args.padded_atoms = padded_atoms_;
    args.weights = problem_.screen_weights;
    args.errors = problem_.screen_error;
    args.nonnegative = problem_.nonnegative;
    args.target_blocks = static_cast<int>(target_blocks(engine_));
    args.segment_counts = sums_.get();
    // How many rows take part is known to the device alone: it splits the atoms into segments where rows are few.
    const std::int64_t blocks = std::max<std::int64_t>((most + places - 1) / places, args.target_blocks);
    args.counting = true;
    engine_.template launch<Kernel>(blocks, args);
    args.counting = false;
    engine_.template launch<Kernel>(blocks, args);
  }

  void screen_by_blocks(std::int64_t most) {
    const std::int64_t most_atoms = sums_.count() / block_rows;
    for (std::int64_t place = 0; place < most; place += block_rows) {
      for (std::int64_t atom = 0; atom < padded_atoms_; atom += most_atoms) {
        const std::int64_t atoms = std::min(most_atoms, padded_atoms_ - atom);
        engine_.multiply_int8(view_.q + place * atoms_.ld, block_rows, atoms_.rows8 + atom * atoms_.ld, atoms, atoms_.ld,
                              sums_.get());
        engine_.template launch<ListCandidatesKernel>(
            std::min(block_rows, most - place), {view_, problem_.screen_weights, problem_.screen_error, problem_.nonnegative,
                                                 place, atom, atoms, sums_.get()});
      }
    }
  }

  Engine& engine_;
  AtomsView atoms_;
  std::int64_t padded_atoms_;
  ProblemView problem_;
  std::int64_t capacity_;
  bool fused_;
  DeviceBuffer<std::int32_t, Engine> active_;
  DeviceBuffer<std::int32_t, Engine> counts_;
  DeviceBuffer<std::int8_t, Engine> q_;
  DeviceBuffer<std::int32_t, Engine> ints_;
  DeviceBuffer<float, Engine> floats_;
  DeviceBuffer<std::int32_t, Engine> list_atoms_;
  DeviceBuffer<float, Engine> list_values_;
  DeviceBuffer<std::int32_t, Engine> sums_;  ///< see sum_count
  ScreenView view_;
};

}  // namespace splice_cuda::cuda
