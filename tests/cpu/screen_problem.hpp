#pragma once

/// @file screen_problem.hpp
/// A tile of random rows as `screen_tile` takes it.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpu/quantize.hpp"
#include "cpu/screen.hpp"
#include "cpu_problem.hpp"

namespace splice_cuda::testing {

struct ScreenedList {
  explicit ScreenedList(std::int64_t capacity)
      : atoms(static_cast<std::size_t>(capacity + cpu::list_slack), -1),
        values(static_cast<std::size_t>(capacity + cpu::list_slack), NAN),
        list{atoms.data(), values.data(), 0, capacity} {}
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  cpu::CandidateList list;
};

/// A tile of random rows, quantised.
struct Tile {
  Tile(const cpu::CpuDictionary& dictionary, std::int64_t rows, std::int64_t capacity, float threshold) {
    screen_rows.resize(static_cast<std::size_t>(rows));
    scratch = cpu::make_aligned<std::int32_t>(static_cast<std::size_t>(cpu::screen_scratch_size(dictionary.ld, rows)),
                                              "test scratch");
    lists.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t i = 0; i < rows; ++i) {
      residuals.push_back(random_row(dictionary.dim, dictionary.ld, 100u + static_cast<unsigned>(i)));
      codes.emplace_back(static_cast<std::size_t>(dictionary.ld));
      quantized.push_back(cpu::quantize_row(residuals.back().data(), dictionary.ld, codes.back().data()));
      lists.emplace_back(capacity);
      const cpu::QuantizedRow& q = quantized.back();
      screen_rows[static_cast<std::size_t>(i)] = {codes.back().data(), threshold / q.scale, 0, q.scale, -128 * q.sum,
                                                  &lists.back().list};
    }
  }
  /// Tests values with their errors, as certifying passes do.
  void bound() {
    for (std::size_t i = 0; i < quantized.size(); ++i)
      screen_rows[i].scaled_norm = quantized[i].norm / quantized[i].scale;
  }
  /// Fills the lists.
  void screen(const cpu::CpuDictionary& dictionary, const cpu::AtomScales& scales, bool both_signs) {
    cpu::screen_tile(dictionary, scales, both_signs, static_cast<std::int64_t>(screen_rows.size()), screen_rows.data(),
                     scratch.get());
  }

  std::vector<cpu::ScreenRow> screen_rows;
  cpu::AlignedArray<std::int32_t> scratch;
  std::vector<std::vector<float>> residuals;
  std::vector<std::vector<std::int8_t>> codes;
  std::vector<cpu::QuantizedRow> quantized;
  std::vector<ScreenedList> lists;
};

/// Scales of a dictionary without weights.
struct Scales {
  explicit Scales(const cpu::CpuDictionary& dictionary) {
    const auto padded = static_cast<std::size_t>(dictionary.panels * cpu::panel_atoms);
    weight = cpu::make_aligned<float>(padded, "test weights");
    error = cpu::make_aligned<float>(padded, "test errors");
    std::copy_n(dictionary.scale.get(), padded, weight.get());
    std::copy_n(dictionary.error.get(), padded, error.get());
  }
  void ban(std::size_t atom) { weight[atom] = error[atom] = 0; }
  cpu::AtomScales view() const { return {weight.get(), error.get()}; }
  cpu::AlignedArray<float> weight;
  cpu::AlignedArray<float> error;
};

}  // namespace splice_cuda::testing
