#pragma once

/// @file certificate.hpp
/// Stage `certify`: a row's certificate from its code alone, in fp64, by code that no solver owns (src/core/lasso_math.hpp
/// has the formulas). How the largest correlation over all atoms is found, the caller says.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

/// What a certificate takes from the code.
struct CodeTerms {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
  double weighted_l1 = 0;
  double largest = 0;    ///< correlation among the support
  double violation = 0;  ///< largest |correlation - lambda| among the support
};

/// residual = z - C'w and what follows from it, in fp64.
template <class Group, class Vector>
SPLICE_KERNEL CodeTerms code_terms(Group& group, const AtomsView& atoms, const ProblemView& problem, const RowsView& rows,
                                   std::int64_t row, const Vector& residual) {
  const float* z = rows.z + row * atoms.ld;
  const int count = rows.code_count[row];
  auto code_atoms = group.array(rows.code_atoms + row * rows.code_capacity, rows.code_capacity);
  auto code_weights = group.array(rows.code_weights + row * rows.code_capacity, rows.code_capacity);
  const double lambda = rows.lambda[row];
  subtract_atoms(
      group, atoms, z, count, [&](int i) -> std::int64_t { return code_atoms[i]; },
      [&](int i) { return static_cast<double>(code_weights[i]); }, residual);
  CodeTerms terms;
  const auto over_dims = [&](auto term) {
    return group.template sum<double>([&](int lane) {
      double sum = 0;
      for (std::int64_t k = lane; k < atoms.dim; k += Group::size) {
        sum += term(static_cast<double>(z[k]), static_cast<double>(residual[k]));
      }
      return sum;
    });
  };
  terms.z_dot_z = over_dims([](double zk, double) { return zk * zk; });
  terms.z_dot_r = over_dims([](double zk, double rk) { return zk * rk; });
  terms.r_dot_r = over_dims([](double, double rk) { return rk * rk; });
  terms.weighted_l1 = group.template sum<double>([&](int lane) {
    double sum = 0;
    for (int i = lane; i < count; i += Group::size) {
      sum += std::abs(static_cast<double>(code_weights[i])) / problem.inverse[code_atoms[i]];
    }
    return sum;
  });
  // Support atoms exactly: equality with lambda is what they promise.
  const auto over_support = [&](auto term) {
    return group.template max<double>([&](int lane) {
      double largest = 0;
      for (int i = lane; i < count; i += Group::size) {
        double correlation = dot_atom(atoms, code_atoms[i], residual) * problem.inverse[code_atoms[i]];
        if (code_weights[i] < 0) correlation = -correlation;
        const double found = term(correlation);
        largest = found > largest ? found : largest;
      }
      return largest;
    });
  };
  terms.largest = over_support([&](double c) { return problem.nonnegative ? c : std::abs(c); });
  terms.violation = over_support([&](double c) { return std::abs(c - lambda); });
  return terms;
}

/// Writes the certificate; `largest` is (an upper bound of) the largest correlation over all atoms. By one lane.
/// @returns whether the gap is within the tolerance
SPLICE_KERNEL bool write_certificate(const AtomsView& atoms, const ProblemView& problem, const RowsView& rows, std::int64_t row,
                                     const CodeTerms& terms, double largest) {
  const double lambda = rows.lambda[row];
  math::CertificateTerms t;
  t.z_dot_z = terms.z_dot_z;
  t.z_dot_r = terms.z_dot_r;
  t.r_dot_r = terms.r_dot_r;
  t.weighted_l1 = terms.weighted_l1;
  t.max_correlation = largest > terms.largest ? largest : terms.largest;
  t.lambda = lambda;
  t.atom_norm = static_cast<double>(problem.certificate_norm);
  t.summands = static_cast<double>(atoms.dim + rows.code_count[row]);
  const math::Certificate certificate = math::make_certificate(t);
  rows.primal[row] = certificate.primal;
  rows.dual[row] = certificate.dual;
  rows.gap[row] = certificate.gap;
  const double excess = t.max_correlation - lambda;
  rows.kkt_violation[row] = terms.violation > excess ? terms.violation : excess;
  return certificate.gap <= problem.gap_tolerance * 0.5 * terms.z_dot_z;
}

/// The row is done: figures of the scaled problem back to the row's own units. By one lane.
SPLICE_KERNEL void finish_row(const RowsView& rows, std::int64_t row, bool certified) {
  const int exponent = rows.exponent[row];
  rows.primal[row] = std::ldexp(rows.primal[row], -2 * exponent);
  rows.dual[row] = std::ldexp(rows.dual[row], -2 * exponent);
  rows.gap[row] = std::ldexp(rows.gap[row], -2 * exponent);
  rows.kkt_violation[row] = std::ldexp(rows.kkt_violation[row], -exponent);
  rows.status[row] = static_cast<std::int32_t>(certified ? RowStatus::certified : RowStatus::budget_exhausted);
  rows.phase[row] = RowPhase::finished;
}

}  // namespace splice_cuda::cuda
