#include "cpu/admm.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/admm_math.hpp"
#include "cpu/admm_factors.hpp"
#include "cpu/dense_products.hpp"
#include "cpu/dense_tile.hpp"

namespace splice_cuda::cpu {
namespace {

struct Multipliers {
  AlignedArray<float> u;            ///< [size] scaled multipliers
  AlignedArray<float> q;            ///< [size] C z + rho (v - u), then correlations
  AlignedArray<float> z_products;   ///< [size] <c_j, z> / a_j
  AlignedArray<float> combined;     ///< [ld] C'q
  AlignedArray<float> solved;       ///< [ld] inv(rho I + C'C) C'q
  int rung = 0;
};

class AdmmTile final : public DenseTile {
 public:
  AdmmTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
      : DenseTile(dictionary, problem, rows),
        factors_(dictionary, problem),
        multipliers_(static_cast<std::size_t>(rows)) {
    const auto size = static_cast<std::size_t>(dictionary.size);
    const auto ld = static_cast<std::size_t>(dictionary.ld);
    for (Multipliers& m : multipliers_) {
      m.u = make_aligned<float>(size, "a row's multipliers");
      m.q = make_aligned<float>(size, "a row's right-hand side");
      m.z_products = make_aligned<float>(size, "a row's correlations");
      m.combined = make_aligned<float>(ld, "a row's combination");
      m.solved = make_aligned<float>(ld, "a row's solution");
    }
  }

  /// The two products with the dictionary: C'q, and C times its solution.
  void screen() override {
    rows_ = iterating();
    for (const std::size_t i : rows_) {
      Multipliers& m = multipliers_[i];
      const auto rho = static_cast<float>(factors_.rho(m.rung));
      for (std::int64_t j = 0; j < dictionary_.size; ++j) {
        const auto at = static_cast<std::size_t>(j);
        // Times 1 / a_j: combine_atoms knows plain atoms only.
        m.q[at] = math::admm_right_side(m.z_products[at], rho, slots_[i].x[at], m.u[at]) * inverse_weight(j);
      }
    }
    each_row([](Multipliers& m) { return m.q.get(); }, [](Multipliers& m) { return m.combined.get(); });
    combine_atoms(dictionary_, inputs_, outputs_);
    for (const std::size_t i : rows_) apply_inverse(multipliers_[i]);
    each_row([](Multipliers& m) { return m.solved.get(); }, [](Multipliers& m) { return m.q.get(); });
    correlate_rows(dictionary_, inputs_, outputs_);
  }

  void solve() override {
    std::vector<std::size_t> to_test;
    for (const std::size_t i : rows_) {
      advance(i);
      const std::int32_t done = ++slots_[i].report.iterations;
      if (done % math::admm_test_period == 0 || done >= problem_.solve.max_iterations) to_test.push_back(i);
    }
    rows_ = std::move(to_test);
    inputs_.clear();
    outputs_.clear();
    for (const std::size_t i : rows_) {
      write_relaxed_code(slots_[i]);
      inputs_.push_back(slots_[i].code_r.get());
      outputs_.push_back(multipliers_[i].q.get());
    }
    correlate_rows(dictionary_, inputs_, outputs_);
    for (const std::size_t i : rows_) {
      ++slots_[i].report.rounds;
      const bool exhausted = slots_[i].report.iterations >= problem_.solve.max_iterations;
      if (exhausted || looks_solved(slots_[i], multipliers_[i].q.get())) claim(slots_[i], exhausted);
    }
  }

 protected:
  void start_row(std::size_t i) override {
    Multipliers& m = multipliers_[i];
    m.rung = 0;
    start_multipliers(slots_[i], m);
    const float* z = slots_[i].z.get();
    float* products = m.z_products.get();
    correlate_rows(dictionary_, {&z, 1}, {&products, 1});
    for (std::int64_t j = 0; j < dictionary_.size; ++j) products[j] *= inverse_weight(j);
  }

 private:
  /// At the optimum u = C r / rho, within the threshold; a start without weights knows nothing of it.
  void start_multipliers(const DenseRow& slot, Multipliers& m) {
    float* u = m.u.get();
    std::fill_n(u, dictionary_.size, 0.0f);
    if (std::all_of(slot.x.get(), slot.x.get() + dictionary_.size, [](float x) { return x == 0; })) return;
    const float* r = slot.r.get();
    correlate_rows(dictionary_, {&r, 1}, {&u, 1});
    const auto rho = static_cast<float>(factors_.rho(m.rung));
    const auto lambda = static_cast<float>(slot.lambda);
    for (std::int64_t j = 0; j < dictionary_.size; ++j) u[j] = math::admm_multiplier(u[j] * inverse_weight(j), rho, lambda);
  }

  template <class Input, class Output>
  void each_row(Input input, Output output) {
    inputs_.clear();
    outputs_.clear();
    for (const std::size_t i : rows_) {
      inputs_.push_back(input(multipliers_[i]));
      outputs_.push_back(output(multipliers_[i]));
    }
  }

  void apply_inverse(Multipliers& m) {
    const float* inverse = factors_.inverse(m.rung);
    for (std::int64_t i = 0; i < dictionary_.dim; ++i) {
      const float* row = inverse + i * dictionary_.ld;
      float sum = 0;
      for (std::int64_t k = 0; k < dictionary_.dim; ++k) sum += row[k] * m.combined[static_cast<std::size_t>(k)];
      m.solved[static_cast<std::size_t>(i)] = sum;
    }
  }

  /// One step of every atom; slot.x holds v.
  void advance(std::size_t i) {
    DenseRow& slot = slots_[i];
    Multipliers& m = multipliers_[i];
    const auto rho = static_cast<float>(factors_.rho(m.rung));
    const auto relaxation = static_cast<float>(problem_.solve.over_relaxation);
    const float threshold = static_cast<float>(slot.lambda) / rho;
    double primal = 0;
    double dual = 0;
    for (std::int64_t j = 0; j < dictionary_.size; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const float inverse = inverse_weight(j);
      if (!(inverse > 0)) continue;
      const float v = slot.x[at];
      const math::AdmmEntry next = math::admm_step(m.z_products[at], m.q[at] * inverse, v, m.u[at], rho, relaxation, threshold,
                                                   problem_.nonnegative);
      m.u[at] = next.u;
      slot.x[at] = next.v;
      primal += static_cast<double>(next.x - next.v) * static_cast<double>(next.x - next.v);
      dual += static_cast<double>(next.v - v) * static_cast<double>(next.v - v);
    }
    balance(slot, m, std::sqrt(primal), static_cast<double>(rho) * std::sqrt(dual));
  }

  void balance(const DenseRow& slot, Multipliers& m, double primal, double dual) {
    if (slot.report.iterations >= math::last_balance || slot.report.iterations % math::balance_period != 0) return;
    const int rung = math::balanced_rung(m.rung, primal, dual);
    if (rung == m.rung) return;
    const float factor = rung > m.rung ? 0.5f : 2.0f;  // u holds multipliers / rho
    m.rung = rung;
    for (std::int64_t j = 0; j < dictionary_.size; ++j) m.u[static_cast<std::size_t>(j)] *= factor;
  }

  AdmmFactors factors_;
  std::vector<Multipliers> multipliers_;
  std::vector<std::size_t> rows_;
  std::vector<const float*> inputs_;
  std::vector<float*> outputs_;
};

}  // namespace

TileCost admm_tile_cost(const CpuDictionary& dictionary) {
  TileCost cost = dense_tile_cost(dictionary, 3, 2);
  const auto dim = static_cast<std::size_t>(dictionary.ld);
  cost.fixed_bytes += dim * dim * (sizeof(double) * 4 + sizeof(float) * 8);
  return cost;
}

std::unique_ptr<TileSolver> make_admm_tile(const CpuDictionary& dictionary, const Problem& problem,
                                           std::int64_t rows) {
  return std::make_unique<AdmmTile>(dictionary, problem, rows);
}

}  // namespace splice_cuda::cpu
