#include "cpu/dense_tile.hpp"

#include <algorithm>
#include <cmath>

#include "core/lasso_math.hpp"
#include "core/power_iteration.hpp"
#include "cpu/dense_products.hpp"
#include "cpu/load_row.hpp"
#include "cpu/refit.hpp"
#include "cpu/row_products.hpp"
#include "cpu/support_tableau.hpp"

namespace splice_cuda::cpu {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

DenseTile::DenseTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows)
    : dictionary_(dictionary), problem_(problem), slots_(size(rows)) {
  for (DenseRow& slot : slots_) {
    slot.z = make_aligned<float>(size(dictionary.ld), "a row");
    slot.r = make_aligned<float>(size(dictionary.ld), "a row's residual");
    slot.code_r = make_aligned<float>(size(dictionary.ld), "a code's residual");
    slot.x = make_aligned<float>(size(dictionary.size), "a row's weights");
  }
}

void DenseTile::prepare(std::int64_t first_row, std::int64_t count) {
  for (std::size_t i = 0; i < slots_.size() && count > 0; ++i) {
    if (slots_[i].phase != DenseRow::Phase::idle) continue;
    load(i, first_row++);
    --count;
    ++occupied_;
  }
}

void DenseTile::load(std::size_t i, std::int64_t row) {
  DenseRow& slot = slots_[i];
  slot.row = row;
  slot.exhausted = false;
  slot.report = {};
  slot.code_atoms.clear();
  slot.code_weights.clear();
  const LoadedRow loaded = load_row(problem_.embeddings, row, slot.z.get(), dictionary_.ld);
  slot.exponent = loaded.exponent;
  slot.z_dot_z = loaded.z_dot_z;
  slot.phase = DenseRow::Phase::finished;
  if (report_irregular_row(loaded.kind, slot.report)) return;
  slot.phase = DenseRow::Phase::iterating;
  slot.lambda = std::min(std::ldexp(problem_.lambda(row), loaded.exponent), 1e19);
  std::fill_n(slot.x.get(), dictionary_.size, 0.0f);
  if (problem_.warm_start != nullptr) load_warm_start(slot);
  update_residual(slot);
  if (!(objective(slot) <= 0.5 * slot.z_dot_z)) {
    std::fill_n(slot.x.get(), dictionary_.size, 0.0f);  // a start that is worse than none
    update_residual(slot);
  }
  start_row(i);
}

void DenseTile::load_warm_start(DenseRow& slot) const {
  const auto atoms = problem_.warm_start->row_atoms(slot.row);
  const auto values = problem_.warm_start->row_values(slot.row);
  for (std::size_t e = 0; e < atoms.size(); ++e) {
    const float inverse = inverse_weight(atoms[e]);
    if (!(inverse > 0) || (problem_.nonnegative && values[e] < 0)) continue;
    slot.x[size(atoms[e])] = std::ldexp(values[e], slot.exponent) / inverse;
  }
}

double DenseTile::objective(const DenseRow& slot) const {
  double r_dot_r = 0;
  double l1 = 0;
  for (std::int64_t k = 0; k < dictionary_.dim; ++k) {
    const double r = static_cast<double>(slot.r[size(k)]);
    r_dot_r += r * r;
  }
  for (std::int64_t j = 0; j < dictionary_.size; ++j) l1 += std::abs(static_cast<double>(slot.x[size(j)]));
  return math::primal_objective(r_dot_r, l1, slot.lambda);
}

std::vector<std::size_t> DenseTile::iterating() const {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].phase == DenseRow::Phase::iterating) rows.push_back(i);
  }
  return rows;
}

void DenseTile::update_residual(DenseRow& slot) {
  atoms_.clear();
  weights_.clear();
  for (std::int64_t j = 0; j < dictionary_.size; ++j) {
    const float weight = slot.x[size(j)] * inverse_weight(j);
    if (weight == 0) continue;
    atoms_.push_back(static_cast<std::int32_t>(j));
    weights_.push_back(weight);
  }
  residual(dictionary_, slot.z.get(), atoms_.data(), weights_.data(),
           static_cast<std::int64_t>(atoms_.size()), slot.r.get());
}

void DenseTile::write_code(DenseRow& slot) {
  update_residual(slot);
  slot.code_atoms = atoms_;
  slot.code_weights = weights_;
  std::copy_n(slot.r.get(), dictionary_.ld, slot.code_r.get());
}

void DenseTile::write_relaxed_code(DenseRow& slot) {
  constexpr std::size_t largest_support = 256;
  write_code(slot);
  if (slot.code_atoms.size() > largest_support) return;
  std::vector<double> factors;
  for (std::size_t i = 0; i < slot.code_atoms.size(); ++i) {
    const auto inverse = static_cast<double>(inverse_weight(slot.code_atoms[i]));
    factors.push_back(slot.code_weights[i] < 0 ? -inverse : inverse);
  }
  Tableau<double> tableau =
      support_tableau(dictionary_, slot.z.get(), slot.code_atoms, factors, slot.lambda);
  solve_tableau(tableau, 1e-12 * slot.lambda, support_pivot_floor);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto weight = static_cast<float>(tableau.value[i] * factors[i]);
    if (tableau.in_support[i] == 0 || weight == 0) continue;
    slot.code_atoms[kept] = slot.code_atoms[i];
    slot.code_weights[kept] = weight;
    ++kept;
  }
  slot.code_atoms.resize(kept);
  slot.code_weights.resize(kept);
  residual(dictionary_, slot.z.get(), slot.code_atoms.data(), slot.code_weights.data(),
           static_cast<std::int64_t>(kept), slot.code_r.get());
}

bool DenseTile::looks_solved(const DenseRow& slot, const float* correlations) const {
  float largest = 0;
  for (std::int64_t j = 0; j < dictionary_.size; ++j) {
    const float value = correlations[j] * inverse_weight(j);
    largest = std::max(largest, problem_.nonnegative ? value : std::abs(value));
  }
  double l1 = 0;
  for (std::size_t i = 0; i < slot.code_atoms.size(); ++i) {
    l1 += std::abs(static_cast<double>(slot.code_weights[i])) /
          static_cast<double>(inverse_weight(slot.code_atoms[i]));
  }
  double z_dot_r = 0;
  double r_dot_r = 0;
  for (std::int64_t k = 0; k < dictionary_.dim; ++k) {
    const double r = static_cast<double>(slot.code_r[size(k)]);
    z_dot_r += static_cast<double>(slot.z[size(k)]) * r;
    r_dot_r += r * r;
  }
  const double gap = math::plain_gap(z_dot_r, r_dot_r, l1, static_cast<double>(largest), slot.lambda);
  return math::gap_looks_closed(gap, problem_.solve.gap_tolerance, slot.z_dot_z);
}

void DenseTile::claim(DenseRow& slot, bool exhausted) {
  slot.phase = DenseRow::Phase::claims;
  slot.exhausted = exhausted;
}

void DenseTile::certify() {
  for (DenseRow& slot : slots_) {
    if (slot.phase != DenseRow::Phase::claims) continue;
    round_code(slot.exponent, slot.code_atoms, slot.code_weights);
    const CodeToCertify code{slot.z.get(), slot.lambda, slot.code_atoms, slot.code_weights};
    const double half = certify_over_all_atoms(dictionary_, problem_, code, certify_scratch_, slot.report);
    const bool certified = slot.report.gap <= problem_.solve.gap_tolerance * half;
    slot.phase = certified || slot.exhausted ? DenseRow::Phase::finished : DenseRow::Phase::iterating;
    if (slot.phase != DenseRow::Phase::finished) continue;
    slot.report.status = certified ? RowStatus::certified : RowStatus::budget_exhausted;
    unscale_report(slot.report, slot.exponent);
  }
}

void DenseTile::compact(RowSink& sink) {
  for (DenseRow& slot : slots_) {
    if (slot.phase != DenseRow::Phase::finished) continue;
    if (problem_.refit) {
      refit_row(dictionary_, slot.z.get(), problem_.nonnegative, slot.code_atoms, slot.code_weights);
      round_code(slot.exponent, slot.code_atoms, slot.code_weights);
    }
    for (float& weight : slot.code_weights) weight = std::ldexp(weight, -slot.exponent);
    slot.report.l1_penalty = problem_.penalty(slot.row);
    sink.accept({slot.row, 0, slot.code_atoms, slot.code_weights, slot.report});
    slot.phase = DenseRow::Phase::idle;
    --occupied_;
  }
}

TileCost dense_tile_cost(const CpuDictionary& dictionary, std::size_t atom_vectors,
                         std::size_t dim_vectors) {
  TileCost cost;
  cost.fixed_bytes = size(dictionary.size) * 64 + 65536;
  cost.row_bytes = (atom_vectors + 1) * size(dictionary.size) * sizeof(float) +
                   (dim_vectors + 3) * size(dictionary.ld) * sizeof(float) + sizeof(DenseRow);
  cost.preferred_rows = 32;
  cost.row_multiple = 4;
  return cost;
}

double largest_eigenvalue(const CpuDictionary& dictionary, const Problem& problem) {
  const std::vector<float>& inverse = problem.solver_inverse_weights;
  auto v = make_aligned<float>(size(dictionary.ld), "power iteration");
  std::vector<float> q(size(dictionary.size));
  return power_iteration(std::span(v.get(), size(dictionary.dim)), [&] {
    const float* row = v.get();
    float* correlations = q.data();
    correlate_rows(dictionary, {&row, 1}, {&correlations, 1});
    for (std::size_t j = 0; j < q.size(); ++j) q[j] *= inverse[j] * inverse[j];
    const float* weights = q.data();
    float* out = v.get();
    combine_atoms(dictionary, {&weights, 1}, {&out, 1});
  });
}

}  // namespace splice_cuda::cpu
