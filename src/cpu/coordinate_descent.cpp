#include "cpu/coordinate_descent.hpp"

#include <algorithm>
#include <cmath>

#include "core/lasso_math.hpp"
#include "cpu/dense_tile.hpp"
#include "cpu/row_products.hpp"

namespace splice_cuda::cpu {
namespace {

/// Sweeps over the active atoms between two full ones.
constexpr int most_active_sweeps = 50;

class CoordinateDescentTile final : public DenseTile {
 public:
  CoordinateDescentTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
      : DenseTile(dictionary, problem, rows) {
    square_.resize(static_cast<std::size_t>(dictionary.size));
    std::vector<float> buffer(static_cast<std::size_t>(dictionary.ld));
    for (std::int64_t j = 0; j < dictionary.size; ++j) {
      const float* atom = dictionary.float_atom(j, buffer.data());
      double sum = 0;
      for (std::int64_t k = 0; k < dictionary.dim; ++k) {
        const double value = static_cast<double>(atom[k]) * static_cast<double>(inverse_weight(j));
        sum += value * value;
      }
      square_[static_cast<std::size_t>(j)] = static_cast<float>(sum);
      if (square_[static_cast<std::size_t>(j)] > 0) all_.push_back(static_cast<std::int32_t>(j));
    }
    change_.resize(1);
  }

  void screen() override {}  // a full sweep is its own screening

  void solve() override {
    for (const std::size_t i : iterating()) sweep_row(slots_[i]);
  }

 protected:
  void start_row(std::size_t) override {}

 private:
  void sweep_row(DenseRow& slot) {
    ++slot.report.rounds;
    sweep(slot, all_);
    active_.clear();
    for (const std::int32_t j : all_) {
      if (slot.x[static_cast<std::size_t>(j)] != 0) active_.push_back(j);
    }
    // float32 updates of r drift: the residual is computed anew before each round of small sweeps.
    update_residual(slot);
    const float still = static_cast<float>(
        std::clamp(0.1 * problem_.solve.gap_tolerance, 1e-8, 1e-4) * slot.lambda);
    float moved = still + 1;
    for (int n = 0; n < most_active_sweeps && moved > still && !out_of_budget(slot); ++n) {
      moved = sweep(slot, active_);
    }
    // Sweeps that keep moving creep along near-dependent atoms: the minimiser on their support ends that.
    if (moved > still) {
      write_relaxed_code(slot);
    } else {
      write_code(slot);
    }
    claim(slot, out_of_budget(slot));
  }

  bool out_of_budget(const DenseRow& slot) const {
    return slot.report.rounds >= problem_.solve.max_rounds ||
           slot.report.iterations >= problem_.solve.max_iterations;
  }

  /// One pass of exact minimisation, atom by atom. @returns the largest change of a correlation it made
  float sweep(DenseRow& slot, const std::vector<std::int32_t>& atoms) {
    ++slot.report.iterations;
    const auto lambda = static_cast<float>(slot.lambda);
    float largest = 0;
    for (const std::int32_t j : atoms) {
      float product = 0;
      dot_atoms(dictionary_, &j, 1, slot.r.get(), &product);
      const float square = square_[static_cast<std::size_t>(j)];
      float& x = slot.x[static_cast<std::size_t>(j)];
      const float target = product * inverse_weight(j) + square * x;
      const float updated = (problem_.nonnegative ? math::prox_nonnegative(target, lambda)
                                                  : math::prox_signed(target, lambda)) /
                            square;
      const float change = updated - x;
      if (change == 0) continue;
      x = updated;
      change_[0] = change * inverse_weight(j);
      residual(dictionary_, slot.r.get(), &j, change_.data(), 1, slot.r.get());
      largest = std::max(largest, std::abs(change) * square);
    }
    return largest;
  }

  std::vector<float> square_;       ///< |c_j / a_j|^2
  std::vector<std::int32_t> all_;   ///< atoms that may be used
  std::vector<std::int32_t> active_;
  std::vector<float> change_;
};

}  // namespace

TileCost coordinate_descent_tile_cost(const CpuDictionary& dictionary) {
  return dense_tile_cost(dictionary, 0, 0);
}

std::unique_ptr<TileSolver> make_coordinate_descent_tile(const CpuDictionary& dictionary,
                                                         const Problem& problem, std::int64_t rows) {
  return std::make_unique<CoordinateDescentTile>(dictionary, problem, rows);
}

}  // namespace splice_cuda::cpu
