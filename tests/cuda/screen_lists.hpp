#pragma once

/// @file screen_lists.hpp
/// A screening of random int8 rows and atoms without all that is around it, by the portable kernels or by the fused one.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "cuda/emulation/emulated_devices.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/screen_fused.hpp"
#include "kernels/screen_view.hpp"

namespace splice_cuda::testing {

struct ScreenCase {
  std::int64_t rows = 0;
  std::int64_t active = 0;  ///< of the rows
  std::int64_t atoms = 0;   ///< a multiple of 32
  std::int64_t ld = 0;      ///< a multiple of 64
  std::int64_t capacity = 0;
  double listed = 0.05;  ///< share of the atoms, about
  bool nonnegative = true;
  int target_blocks = 1;
};

/// Lists as found; what nobody wrote is -1 and NaN.
struct ScreenLists {
  std::vector<std::int32_t> counts;  ///< [rows]
  std::vector<std::int32_t> atoms;   ///< [rows, capacity] and one row more, that nobody may touch
  std::vector<float> values;
};

class ScreenProblem {
 public:
  ScreenProblem(const ScreenCase& wanted, unsigned seed) : case_(wanted) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> byte(-127, 127);
    std::uniform_real_distribution<float> unit(0.0f, 1.0f);
    // As the rows' places are padded to the largest block.
    const std::int64_t places = (case_.rows + 127) / 128 * 128;
    q_.resize(static_cast<std::size_t>(places * case_.ld));
    atoms_.resize(static_cast<std::size_t>(case_.atoms * case_.ld));
    for (std::int8_t& q : q_) q = static_cast<std::int8_t>(byte(random));
    for (std::int8_t& c : atoms_) c = static_cast<std::int8_t>(byte(random));
    for (std::int64_t j = 0; j < case_.atoms; ++j) {
      const bool banned = unit(random) < 0.1f;
      weights_.push_back(banned ? 0.0f : 0.5f + unit(random));
      errors_.push_back(banned ? 0.0f : 0.2f * unit(random));
    }
    // Sums are about normal with this deviation; the bound at which so many pass, by a table's worth of bisection.
    const double deviation = 127.0 * 127.0 / 3.0 * std::sqrt(static_cast<double>(case_.ld));
    double low = 0;
    double high = 8;
    for (int step = 0; step < 40; ++step) {
      const double middle = 0.5 * (low + high);
      (0.5 * std::erfc(middle / std::sqrt(2.0)) > case_.listed ? low : high) = middle;
    }
    for (std::int64_t i = 0; i < case_.rows; ++i) {
      scale_.push_back(1e-3f * (0.5f + unit(random)));
      norm_.push_back(i % 5 == 0 ? 0.0f : unit(random));
      const double level = static_cast<double>(scale_.back()) * deviation * low;
      threshold_.push_back(static_cast<float>(i % 7 == 3 ? 3e38 : level * static_cast<double>(0.8f + 0.4f * unit(random))));
    }
    std::vector<std::int32_t> all(static_cast<std::size_t>(case_.rows));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int32_t>(i);
    std::sample(all.begin(), all.end(), std::back_inserter(active_), case_.active, random);
    active_count_ = static_cast<std::int32_t>(active_.size());
    active_.resize(all.size(), -1);
  }

  ScreenLists portable() {
    const cuda::ScreenView view = begin();
    std::vector<std::int32_t> sums(static_cast<std::size_t>(case_.rows * case_.atoms));
    emulation::EmulatedDevice& device = *emulation::emulated_device(0);
    device.multiply_int8(q_.data(), case_.rows, atoms_.data(), case_.atoms, case_.ld, sums.data());
    device.launch<cuda::ListCandidatesKernel>(
        case_.rows, {view, weights_.data(), errors_.data(), case_.nonnegative, 0, 0, case_.atoms, sums.data()});
    return lists_;
  }

  /// Whether a block can hold its rows, as devices limit shared memory.
  template <int places, cuda::ProductUnit unit>
  bool rows_fit() const {
    return cuda::ScreenFusedKernel<places, true, unit>::memory_bytes(case_.ld) <= emulation::settings().most_dynamic_memory;
  }

  template <int places, bool rows_stay, cuda::ProductUnit unit, cuda::ScreenFaults faults = cuda::ScreenFaults{}>
  ScreenLists fused() {
    using Kernel = cuda::ScreenFusedKernel<places, rows_stay, unit, faults>;
    cuda::ScreenFusedArgs args;
    args.screen = begin();
    args.atoms = atoms_.data();
    args.ld = case_.ld;
    args.padded_atoms = case_.atoms;
    args.weights = weights_.data();
    args.errors = errors_.data();
    args.nonnegative = case_.nonnegative;
    args.target_blocks = case_.target_blocks;
    std::vector<std::int32_t> segments(static_cast<std::size_t>(case_.target_blocks) * places, -1);
    args.segment_counts = segments.data();
    emulation::EmulatedDevice& device = *emulation::emulated_device(0);
    const std::int64_t blocks = std::max<std::int64_t>((case_.rows + places - 1) / places, case_.target_blocks);
    args.counting = true;
    device.launch<Kernel>(blocks, args);
    args.counting = false;
    device.launch<Kernel>(blocks, args);
    return lists_;
  }

  /// What differs; nothing where the lists are equal in every bit that counts and nobody wrote past them.
  std::string difference(const ScreenLists& a, const ScreenLists& b) const {
    if (a.counts != b.counts) return "counts";
    for (std::int64_t i = 0; i <= case_.rows; ++i) {
      for (std::int64_t e = 0; e < case_.capacity; ++e) {
        const auto at = static_cast<std::size_t>(i * case_.capacity + e);
        const std::string where = " of row " + std::to_string(i) + ", entry " + std::to_string(e);
        if (a.atoms[at] != b.atoms[at]) return "atoms" + where;
        if (a.atoms[at] >= 0 && !(a.values[at] == b.values[at])) return "values" + where;
      }
    }
    return "";
  }

 private:
  cuda::ScreenView begin() {
    const auto rows = static_cast<std::size_t>(case_.rows);
    const auto entries = static_cast<std::size_t>((case_.rows + 1) * case_.capacity);
    lists_.counts.assign(rows, 0);
    lists_.atoms.assign(entries, -1);
    lists_.values.assign(entries, std::numeric_limits<float>::quiet_NaN());
    cuda::ScreenView view;
    view.active = active_.data();
    view.active_count = &active_count_;
    view.q = q_.data();
    view.scale = scale_.data();
    view.norm = norm_.data();
    view.threshold = threshold_.data();
    view.list_capacity = case_.capacity;
    view.list_count = lists_.counts.data();
    view.list_atoms = lists_.atoms.data();
    view.list_values = lists_.values.data();
    return view;
  }

  ScreenCase case_;
  std::vector<std::int8_t> q_;
  std::vector<std::int8_t> atoms_;
  std::vector<float> weights_;
  std::vector<float> errors_;
  std::vector<float> scale_;
  std::vector<float> norm_;
  std::vector<float> threshold_;
  std::vector<std::int32_t> active_;
  std::int32_t active_count_ = 0;
  ScreenLists lists_;
};

}  // namespace splice_cuda::testing
