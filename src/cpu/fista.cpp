#include "cpu/fista.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/fista_math.hpp"
#include "cpu/dense_products.hpp"
#include "cpu/dense_tile.hpp"

namespace splice_cuda::cpu {
namespace {

/// A row's last step. Residuals are linear in x: that of the extrapolated point needs no product of its own.
struct LastStep {
  AlignedArray<float> previous_x;    ///< [size]
  AlignedArray<float> previous_r;    ///< [ld]
  AlignedArray<float> correlations;  ///< [size]
  AlignedArray<float> point_r;       ///< [ld] residual at y = x + beta (x - previous x)
  math::Momentum momentum;
  float step = 0;
};

class FistaTile final : public DenseTile {
 public:
  FistaTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
      : DenseTile(dictionary, problem, rows),
        first_step_(static_cast<float>(1.0 / largest_eigenvalue(dictionary, problem))),
        last_steps_(static_cast<std::size_t>(rows)) {
    const auto size = static_cast<std::size_t>(dictionary.size);
    const auto ld = static_cast<std::size_t>(dictionary.ld);
    for (LastStep& m : last_steps_) {
      m.previous_x = make_aligned<float>(size, "a row's previous weights");
      m.previous_r = make_aligned<float>(ld, "a row's previous residual");
      m.correlations = make_aligned<float>(size, "a row's correlations");
      m.point_r = make_aligned<float>(ld, "a row's extrapolated residual");
    }
  }

  /// Correlations at each row's extrapolated point: minus the gradient.
  void screen() override {
    rows_ = iterating();
    for (const std::size_t i : rows_) {
      LastStep& m = last_steps_[i];
      for (std::int64_t k = 0; k < dictionary_.ld; ++k) {
        const auto at = static_cast<std::size_t>(k);
        m.point_r[at] = math::extrapolated(slots_[i].r[at], m.previous_r[at], m.momentum.beta);
      }
    }
    correlate([&](std::size_t i) { return last_steps_[i].point_r.get(); });
  }

  void solve() override {
    std::vector<std::size_t> to_test;
    for (const std::size_t i : rows_) {
      advance(i);
      const std::int32_t done = ++slots_[i].report.iterations;
      if (done % math::fista_test_period == 0 || done >= problem_.solve.max_iterations) to_test.push_back(i);
    }
    rows_ = std::move(to_test);
    for (const std::size_t i : rows_) write_relaxed_code(slots_[i]);
    correlate([&](std::size_t i) { return slots_[i].code_r.get(); });
    for (const std::size_t i : rows_) {
      ++slots_[i].report.rounds;
      const bool exhausted = slots_[i].report.iterations >= problem_.solve.max_iterations;
      if (exhausted || looks_solved(slots_[i], last_steps_[i].correlations.get())) claim(slots_[i], exhausted);
    }
  }

 protected:
  void start_row(std::size_t i) override {
    LastStep& m = last_steps_[i];
    m.momentum = {};
    m.step = first_step_;
    std::copy_n(slots_[i].x.get(), dictionary_.size, m.previous_x.get());
    std::copy_n(slots_[i].r.get(), dictionary_.ld, m.previous_r.get());
  }

 private:
  template <class ResidualOf>
  void correlate(ResidualOf residual_of) {
    inputs_.clear();
    outputs_.clear();
    for (const std::size_t i : rows_) {
      inputs_.push_back(residual_of(i));
      outputs_.push_back(last_steps_[i].correlations.get());
    }
    correlate_rows(dictionary_, inputs_, outputs_);
  }

  /// x <- prox(y + step * correlations), momentum, restart when the step goes against the gradient. A step that proves
  /// too long is taken back and halved.
  void advance(std::size_t i) {
    DenseRow& slot = slots_[i];
    LastStep& m = last_steps_[i];
    const float threshold = static_cast<float>(slot.lambda) * m.step;
    double against = 0;
    double moved = 0;  // |x+ - y|^2
    for (std::int64_t j = 0; j < dictionary_.size; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const float x = slot.x[at];
      const float y = math::extrapolated(x, m.previous_x[at], m.momentum.beta);
      const float updated =
          math::proximal_step(y, m.correlations[at] * inverse_weight(j), m.step, threshold, problem_.nonnegative);
      against += static_cast<double>(y - updated) * static_cast<double>(updated - x);
      moved += static_cast<double>(updated - y) * static_cast<double>(updated - y);
      m.previous_x[at] = x;
      slot.x[at] = updated;
    }
    std::copy_n(slot.r.get(), dictionary_.ld, m.previous_r.get());
    update_residual(slot);
    if (too_long(slot, m, moved)) {
      std::copy_n(m.previous_x.get(), dictionary_.size, slot.x.get());
      std::copy_n(m.previous_r.get(), dictionary_.ld, slot.r.get());
      m.step *= 0.5f;
      m.momentum = {};
      return;
    }
    m.momentum = math::next_momentum(m.momentum, against);
  }

  /// @param moved  |x+ - y|^2
  bool too_long(const DenseRow& slot, const LastStep& m, double moved) const {
    double image = 0;
    for (std::int64_t k = 0; k < dictionary_.dim; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const double change = static_cast<double>(slot.r[at] - m.point_r[at]);
      image += change * change;
    }
    return math::step_is_too_long(image, moved, static_cast<double>(m.step), slot.z_dot_z);
  }

  float first_step_;
  std::vector<LastStep> last_steps_;
  std::vector<std::size_t> rows_;
  std::vector<const float*> inputs_;
  std::vector<float*> outputs_;
};

}  // namespace

TileCost fista_tile_cost(const CpuDictionary& dictionary) { return dense_tile_cost(dictionary, 2, 2); }

std::unique_ptr<TileSolver> make_fista_tile(const CpuDictionary& dictionary, const Problem& problem,
                                            std::int64_t rows) {
  return std::make_unique<FistaTile>(dictionary, problem, rows);
}

}  // namespace splice_cuda::cpu
