#include "cpu/brute_certify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/half.hpp"
#include "core/lasso_math.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/brute_certify.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// out[i, j] = <residual_i, c_j> for four residuals [4, ld] in fp64 and all atoms; out is [4, size].
void CorrelateFour(const CpuDictionary& dictionary, const double* HWY_RESTRICT residuals,
                   double* HWY_RESTRICT out) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> narrow;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t ld = dictionary.ld;
  for (std::int64_t j = 0; j < dictionary.size; ++j) {
    const float* atom = dictionary.atom(j);
    auto sum0 = hn::Zero(d);
    auto sum1 = hn::Zero(d);
    auto sum2 = hn::Zero(d);
    auto sum3 = hn::Zero(d);
    for (std::int64_t k = 0; k < ld; k += lanes) {
      const auto value = hn::PromoteTo(d, hn::Load(narrow, atom + k));
      sum0 = hn::MulAdd(value, hn::LoadU(d, residuals + k), sum0);
      sum1 = hn::MulAdd(value, hn::LoadU(d, residuals + ld + k), sum1);
      sum2 = hn::MulAdd(value, hn::LoadU(d, residuals + 2 * ld + k), sum2);
      sum3 = hn::MulAdd(value, hn::LoadU(d, residuals + 3 * ld + k), sum3);
    }
    out[j] = hn::GetLane(hn::SumOfLanes(d, sum0));
    out[dictionary.size + j] = hn::GetLane(hn::SumOfLanes(d, sum1));
    out[2 * dictionary.size + j] = hn::GetLane(hn::SumOfLanes(d, sum2));
    out[3 * dictionary.size + j] = hn::GetLane(hn::SumOfLanes(d, sum3));
  }
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(CorrelateFour);

namespace {

constexpr std::int64_t rows_at_once = 4;
constexpr double infinity = std::numeric_limits<double>::infinity();

double element(const EmbeddingsView& view, std::int64_t row, std::int64_t k) {
  const std::int64_t at = row * view.ld + k;
  switch (view.dtype) {
    case DType::float16: return static_cast<double>(to_float(static_cast<const Float16*>(view.data)[at]));
    case DType::bfloat16: return static_cast<double>(to_float(static_cast<const BFloat16*>(view.data)[at]));
    case DType::float32: break;
  }
  return static_cast<double>(static_cast<const float*>(view.data)[at]);
}

/// What a row's certificate is made of, but for the correlations.
struct RowTerms {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
  double weighted_l1 = 0;
  bool feasible = true;
};

RowTerms row_terms(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                   std::int64_t row, double* residual) {
  RowTerms terms;
  std::vector<double> z(static_cast<std::size_t>(dictionary.dim));
  for (std::int64_t k = 0; k < dictionary.dim; ++k) {
    z[static_cast<std::size_t>(k)] = residual[k] = element(problem.embeddings, row, k);
  }
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double weight = static_cast<double>(values[i]);
    if (weight == 0) continue;
    const double inverse = problem.inverse_weights[static_cast<std::size_t>(atoms[i])];
    if (inverse == 0 || (weight < 0 && problem.nonnegative)) terms.feasible = false;
    terms.weighted_l1 += std::abs(weight) / inverse;
    const float* atom = dictionary.atom(atoms[i]);
    for (std::int64_t k = 0; k < dictionary.dim; ++k) {
      residual[k] -= weight * static_cast<double>(atom[k]);
    }
  }
  for (std::int64_t k = 0; k < dictionary.dim; ++k) {
    const double value = z[static_cast<std::size_t>(k)];
    terms.z_dot_z += value * value;
    terms.z_dot_r += value * residual[k];
    terms.r_dot_r += residual[k] * residual[k];
  }
  return terms;
}

RowReport report_of(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                    std::int64_t row, const RowTerms& terms, const double* correlations) {
  RowReport report;
  if (!std::isfinite(terms.z_dot_z)) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan, nan, 0, 0, RowStatus::non_finite_input, problem.penalty(row)};
  }
  report.l1_penalty = problem.penalty(row);
  const double lambda = problem.lambda(row);
  double largest = 0;
  double atom_norm = 0;
  for (std::int64_t j = 0; j < dictionary.size; ++j) {
    const double inverse = problem.inverse_weights[static_cast<std::size_t>(j)];
    atom_norm = std::max(atom_norm, static_cast<double>(dictionary.norm[static_cast<std::size_t>(j)]) * inverse);
    const double value = correlations[j] * inverse;
    largest = std::max(largest, problem.nonnegative ? value : std::abs(value));
  }
  double violation = std::max(0.0, largest - lambda);
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (values[i] == 0) continue;
    const double value =
        correlations[atoms[i]] * problem.inverse_weights[static_cast<std::size_t>(atoms[i])];
    violation = std::max(violation, std::abs((values[i] < 0 ? -value : value) - lambda));
  }
  const double half = 0.5 * terms.z_dot_z;
  const math::Certificate certificate = math::make_certificate(
      {terms.z_dot_z, terms.z_dot_r, terms.r_dot_r, terms.weighted_l1, largest, lambda, atom_norm,
       static_cast<double>(dictionary.dim + codes.l0(row))});
  report.primal = certificate.primal;
  report.dual = certificate.dual;
  report.gap = certificate.gap;
  report.kkt_violation = violation;
  if (!terms.feasible) report.gap = report.kkt_violation = infinity;
  const bool certified = report.gap <= problem.solve.gap_tolerance * half;
  report.status = certified ? RowStatus::certified : RowStatus::budget_exhausted;
  if (half == 0 && atoms.empty()) {
    report.gap = 0;
    report.status = RowStatus::zero_embedding;
  }
  return report;
}

}  // namespace

void certify_brute_force(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                         std::int64_t first, std::span<RowReport> reports) {
  const auto count = static_cast<std::int64_t>(reports.size());
  std::vector<double> residuals(static_cast<std::size_t>(rows_at_once * dictionary.ld));
  std::vector<double> correlations(static_cast<std::size_t>(rows_at_once * dictionary.size));
  for (std::int64_t start = 0; start < count; start += rows_at_once) {
    const std::int64_t rows = std::min(rows_at_once, count - start);
    RowTerms terms[rows_at_once];
    std::fill(residuals.begin(), residuals.end(), 0.0);
    for (std::int64_t i = 0; i < rows; ++i) {
      terms[i] = row_terms(dictionary, problem, codes, first + start + i,
                           residuals.data() + i * dictionary.ld);
    }
    HWY_DYNAMIC_DISPATCH(CorrelateFour)(dictionary, residuals.data(), correlations.data());
    for (std::int64_t i = 0; i < rows; ++i) {
      reports[static_cast<std::size_t>(start + i)] =
          report_of(dictionary, problem, codes, first + start + i, terms[i],
                    correlations.data() + i * dictionary.size);
    }
  }
}

}  // namespace splice_cuda::cpu
#endif
