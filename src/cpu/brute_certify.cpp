#include "cpu/brute_certify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/lasso_math.hpp"
#include "core/typed_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/brute_certify.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// out[i, j - first] = <residual_i, c_j> for four residuals [4, ld] in fp64 and atoms [first, first + count); out is
/// [4, count].
template <class T>
HWY_INLINE void CorrelateFourOf(const CpuDictionary& dictionary, const double* HWY_RESTRICT residuals,
                                std::int64_t first, std::int64_t count, double* HWY_RESTRICT out) {
  const hn::ScalableTag<double> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t ld = dictionary.ld;
  for (std::int64_t j = 0; j < count; ++j) {
    const T* atom = dictionary.atom<T>(first + j);
    auto sum0 = hn::Zero(d);
    auto sum1 = hn::Zero(d);
    auto sum2 = hn::Zero(d);
    auto sum3 = hn::Zero(d);
    for (std::int64_t k = 0; k < ld; k += lanes) {
      const auto value = LoadAtom(d, atom + k);
      sum0 = hn::MulAdd(value, hn::LoadU(d, residuals + k), sum0);
      sum1 = hn::MulAdd(value, hn::LoadU(d, residuals + ld + k), sum1);
      sum2 = hn::MulAdd(value, hn::LoadU(d, residuals + 2 * ld + k), sum2);
      sum3 = hn::MulAdd(value, hn::LoadU(d, residuals + 3 * ld + k), sum3);
    }
    out[j] = hn::GetLane(hn::SumOfLanes(d, sum0));
    out[count + j] = hn::GetLane(hn::SumOfLanes(d, sum1));
    out[2 * count + j] = hn::GetLane(hn::SumOfLanes(d, sum2));
    out[3 * count + j] = hn::GetLane(hn::SumOfLanes(d, sum3));
  }
}

void CorrelateFour(const CpuDictionary& dictionary, const double* residuals, std::int64_t first, std::int64_t count,
                   double* out) {
  with_element_type(dictionary.dtype,
                    [&]<class T>(T) HWY_ATTR { CorrelateFourOf<T>(dictionary, residuals, first, count, out); });
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(CorrelateFour);

namespace {

constexpr std::int64_t rows_at_once = 4;
constexpr std::int64_t atoms_at_once = 4096;  // memory does not grow with the dictionary
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a row's certificate is made of.
struct RowTerms {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
  double weighted_l1 = 0;
  bool feasible = true;
  double largest_correlation = 0;
  double violation = 0;       ///< of the support's equalities
  std::size_t next_entry = 0;  ///< of the row's code, whose correlation is still to come
};

RowTerms row_terms(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                   std::int64_t row, double* residual) {
  RowTerms terms;
  std::vector<double> z(static_cast<std::size_t>(dictionary.dim));
  convert_row(problem.embeddings, row, z.data());
  std::copy(z.begin(), z.end(), residual);
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  std::vector<double> atom(static_cast<std::size_t>(dictionary.ld));
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double weight = static_cast<double>(values[i]);
    if (weight == 0) continue;
    const double inverse = problem.inverse_weights[static_cast<std::size_t>(atoms[i])];
    if (inverse == 0 || (weight < 0 && problem.nonnegative)) terms.feasible = false;
    terms.weighted_l1 += std::abs(weight) / inverse;
    dictionary.copy_atom(atoms[i], atom.data());
    for (std::int64_t k = 0; k < dictionary.dim; ++k) residual[k] -= weight * atom[static_cast<std::size_t>(k)];
  }
  for (std::int64_t k = 0; k < dictionary.dim; ++k) {
    const double value = z[static_cast<std::size_t>(k)];
    terms.z_dot_z += value * value;
    terms.z_dot_r += value * residual[k];
    terms.r_dot_r += residual[k] * residual[k];
  }
  return terms;
}

/// Takes the correlations of atoms [first, first + count) into a row's terms.
void add_correlations(const Problem& problem, const SparseCodes& codes, std::int64_t row, std::int64_t first,
                      std::int64_t count, const double* correlations, RowTerms& terms) {
  for (std::int64_t j = 0; j < count; ++j) {
    const double value = correlations[j] * problem.inverse_weights[static_cast<std::size_t>(first + j)];
    terms.largest_correlation = std::max(terms.largest_correlation, problem.nonnegative ? value : std::abs(value));
  }
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  for (std::size_t& i = terms.next_entry; i < atoms.size() && atoms[i] < first + count; ++i) {
    if (values[i] == 0) continue;
    const double value = correlations[atoms[i] - first] * problem.inverse_weights[static_cast<std::size_t>(atoms[i])];
    terms.violation = std::max(terms.violation, std::abs((values[i] < 0 ? -value : value) - problem.lambda(row)));
  }
}

double largest_norm(const CpuDictionary& dictionary, const Problem& problem) {
  double largest = 0;
  for (std::size_t j = 0; j < static_cast<std::size_t>(dictionary.size); ++j) {
    largest = std::max(largest, static_cast<double>(dictionary.norm[j]) * problem.inverse_weights[j]);
  }
  return largest;
}

RowReport report_of(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                    std::int64_t row, const RowTerms& terms, double atom_norm) {
  RowReport report;
  if (!std::isfinite(terms.z_dot_z)) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan, nan, nan, 0, 0, RowStatus::non_finite_input, problem.penalty(row)};
  }
  report.l1_penalty = problem.penalty(row);
  const double lambda = problem.lambda(row);
  const double half = 0.5 * terms.z_dot_z;
  const math::Certificate certificate = math::make_certificate(
      {terms.z_dot_z, terms.z_dot_r, terms.r_dot_r, terms.weighted_l1, terms.largest_correlation, lambda, atom_norm,
       static_cast<double>(dictionary.dim + codes.l0(row))});
  report.primal = certificate.primal;
  report.dual = certificate.dual;
  report.gap = certificate.gap;
  report.kkt_violation = std::max({0.0, terms.largest_correlation - lambda, terms.violation});
  if (!terms.feasible) report.gap = report.kkt_violation = infinity;
  const bool certified = report.gap <= problem.solve.gap_tolerance * half;
  report.status = certified ? RowStatus::certified : RowStatus::budget_exhausted;
  if (half == 0 && codes.l0(row) == 0) {
    report.gap = 0;
    report.status = RowStatus::zero_embedding;
  }
  return report;
}

}  // namespace

void certify_brute_force(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                         std::int64_t first, std::span<RowReport> reports) {
  const auto count = static_cast<std::int64_t>(reports.size());
  const double atom_norm = largest_norm(dictionary, problem);
  std::vector<double> residuals(static_cast<std::size_t>(rows_at_once * dictionary.ld));
  std::vector<double> correlations(static_cast<std::size_t>(rows_at_once * std::min(atoms_at_once, dictionary.size)));
  for (std::int64_t start = 0; start < count; start += rows_at_once) {
    const std::int64_t rows = std::min(rows_at_once, count - start);
    RowTerms terms[rows_at_once];
    std::fill(residuals.begin(), residuals.end(), 0.0);
    for (std::int64_t i = 0; i < rows; ++i) {
      terms[i] = row_terms(dictionary, problem, codes, first + start + i, residuals.data() + i * dictionary.ld);
    }
    for (std::int64_t block = 0; block < dictionary.size; block += atoms_at_once) {
      const std::int64_t atoms = std::min(atoms_at_once, dictionary.size - block);
      HWY_DYNAMIC_DISPATCH(CorrelateFour)(dictionary, residuals.data(), block, atoms, correlations.data());
      for (std::int64_t i = 0; i < rows; ++i) {
        add_correlations(problem, codes, first + start + i, block, atoms, correlations.data() + i * atoms, terms[i]);
      }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      reports[static_cast<std::size_t>(start + i)] =
          report_of(dictionary, problem, codes, first + start + i, terms[i], atom_norm);
    }
  }
}

}  // namespace splice_cuda::cpu
#endif
