#include "cpu/fista.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/lasso_math.hpp"
#include "cpu/dense_products.hpp"
#include "cpu/dense_tile.hpp"

namespace splice_cuda::cpu {
namespace {

/// Iterations between gap tests: a test costs one more product.
constexpr std::int32_t test_period = 10;

/// A row's momentum. Residuals are linear in x: that of the extrapolated point needs no product of its own.
struct Momentum {
  AlignedArray<float> previous_x;    ///< [size]
  AlignedArray<float> previous_r;    ///< [ld]
  AlignedArray<float> correlations;  ///< [size]
  AlignedArray<float> point_r;       ///< [ld] residual at y = x + beta (x - previous x)
  double t = 1;
  float beta = 0;
};

class FistaTile final : public DenseTile {
 public:
  FistaTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
      : DenseTile(dictionary, problem, rows),
        step_(static_cast<float>(1.0 / largest_eigenvalue(dictionary, problem))),
        momentum_(static_cast<std::size_t>(rows)) {
    const auto size = static_cast<std::size_t>(dictionary.size);
    const auto ld = static_cast<std::size_t>(dictionary.ld);
    for (Momentum& m : momentum_) {
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
      Momentum& m = momentum_[i];
      for (std::int64_t k = 0; k < dictionary_.ld; ++k) {
        const auto at = static_cast<std::size_t>(k);
        m.point_r[at] = slots_[i].r[at] + m.beta * (slots_[i].r[at] - m.previous_r[at]);
      }
    }
    correlate([&](std::size_t i) { return momentum_[i].point_r.get(); });
  }

  void solve() override {
    std::vector<std::size_t> to_test;
    for (const std::size_t i : rows_) {
      advance(i);
      const std::int32_t done = ++slots_[i].report.iterations;
      if (done % test_period == 0 || done >= problem_.solve.max_iterations) to_test.push_back(i);
    }
    rows_ = std::move(to_test);
    for (const std::size_t i : rows_) write_relaxed_code(slots_[i]);
    correlate([&](std::size_t i) { return slots_[i].code_r.get(); });
    for (const std::size_t i : rows_) {
      ++slots_[i].report.rounds;
      const bool exhausted = slots_[i].report.iterations >= problem_.solve.max_iterations;
      if (exhausted || looks_solved(slots_[i], momentum_[i].correlations.get())) claim(slots_[i], exhausted);
    }
  }

 protected:
  void start_row(std::size_t i) override {
    Momentum& m = momentum_[i];
    m.t = 1;
    m.beta = 0;
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
      outputs_.push_back(momentum_[i].correlations.get());
    }
    correlate_rows(dictionary_, inputs_, outputs_);
  }

  /// x <- prox(y + step * correlations), momentum, restart when the step goes against the gradient.
  void advance(std::size_t i) {
    DenseRow& slot = slots_[i];
    Momentum& m = momentum_[i];
    const float threshold = static_cast<float>(slot.lambda) * step_;
    double against = 0;
    for (std::int64_t j = 0; j < dictionary_.size; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const float x = slot.x[at];
      const float y = x + m.beta * (x - m.previous_x[at]);
      const float v = y + step_ * m.correlations[at] * inverse_weight(j);
      const float updated =
          problem_.nonnegative ? math::prox_nonnegative(v, threshold) : math::prox_signed(v, threshold);
      against += static_cast<double>(y - updated) * static_cast<double>(updated - x);
      m.previous_x[at] = x;
      slot.x[at] = updated;
    }
    std::copy_n(slot.r.get(), dictionary_.ld, m.previous_r.get());
    update_residual(slot);
    if (against > 0) {
      m.t = 1;
      m.beta = 0;
      return;
    }
    const double next = 0.5 * (1 + std::sqrt(1 + 4 * m.t * m.t));
    m.beta = static_cast<float>((m.t - 1) / next);
    m.t = next;
  }

  float step_;
  std::vector<Momentum> momentum_;
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
