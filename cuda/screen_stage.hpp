#pragma once

/// @file screen_stage.hpp
/// Stage `screen`: int8 products of a tile's rows with all atoms, block by block, and lists of what passes. The n x p matrix
/// never exists: a block of products stays in the second-level cache.

#include <algorithm>
#include <cstdint>

#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/collect_rows.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/quantize_rows.hpp"
#include "kernels/screen_view.hpp"
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
        active_(engine, rows),
        counts_(engine, 2),
        q_(engine, padded_rows(rows) * dictionary.ld),
        ints_(engine, rows * 3),
        floats_(engine, rows * 4),
        list_atoms_(engine, rows * capacity_),
        list_values_(engine, rows * capacity_),
        sums_(engine, block_rows * block_atoms(dictionary)) {
    // What places past the active ones hold is multiplied, and looked at by nobody.
    engine.clear(q_.get(), q_.bytes());
    view_.active = active_.get();
    view_.active_count = counts_.get();
    view_.q = q_.get();
    view_.place = ints_.get();
    view_.margin_level = ints_.get() + rows;
    view_.list_count = ints_.get() + 2 * rows;
    view_.scale = floats_.get();
    view_.norm = floats_.get() + rows;
    view_.threshold = floats_.get() + 2 * rows;
    view_.unlisted_bound = floats_.get() + 3 * rows;
    view_.list_capacity = capacity_;
    view_.list_atoms = list_atoms_.get();
    view_.list_values = list_values_.get();
  }

  static std::size_t fixed_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(block_rows * (block_atoms(dictionary) * 4 + dictionary.ld)) + 4096;
  }
  static std::size_t row_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(dictionary.ld + list_capacity(dictionary) * 8 + 32);
  }
  static std::int64_t list_capacity(const DeviceDictionary<Engine>& dictionary) {
    return std::min<std::int64_t>(dictionary.size, most_listed);
  }

  const ScreenView& view() const { return view_; }

  /// Finds the rows that take part in the next round. @param warm_only  in what comes before the first one
  void collect(const RowsView& rows, bool warm_only = false) {
    engine_.template launch<CollectRowsKernel>(1, {rows, view_, counts_.get() + 1, warm_only});
  }

  /// Screens them. @param most  of them there can be
  void screen(const RowsView& rows, std::int64_t most) {
    engine_.template launch<QuantizeRowsKernel>(most, {atoms_.dim, atoms_.ld, problem_.atom_norm, rows, view_});
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

  /// Rows that are not finished, as of the last collect(); enqueued, there after synchronize().
  void download_unfinished(std::int32_t& count) { engine_.download(&count, counts_.get() + 1, sizeof count); }
  void download_active(std::int32_t& count) { engine_.download(&count, counts_.get(), sizeof count); }

 private:
  static constexpr std::int64_t most_listed = 2048;
  static constexpr std::int64_t block_rows = 512;

  static std::int64_t padded_rows(std::int64_t rows) { return (rows + block_rows - 1) / block_rows * block_rows; }
  /// 512 x 8,192 sums of 4 bytes: 16 MiB, which second-level caches hold.
  static std::int64_t block_atoms(const DeviceDictionary<Engine>& dictionary) {
    return std::min<std::int64_t>(dictionary.padded_size, 8192);
  }

  Engine& engine_;
  AtomsView atoms_;
  std::int64_t padded_atoms_;
  ProblemView problem_;
  std::int64_t capacity_;
  DeviceBuffer<std::int32_t, Engine> active_;
  DeviceBuffer<std::int32_t, Engine> counts_;
  DeviceBuffer<std::int8_t, Engine> q_;
  DeviceBuffer<std::int32_t, Engine> ints_;
  DeviceBuffer<float, Engine> floats_;
  DeviceBuffer<std::int32_t, Engine> list_atoms_;
  DeviceBuffer<float, Engine> list_values_;
  DeviceBuffer<std::int32_t, Engine> sums_;
  ScreenView view_;
};

}  // namespace splice_cuda::cuda
