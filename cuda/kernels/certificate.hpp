#pragma once

/// @file certificate.hpp
/// Stage `certify`: a row's certificate from its code alone, in fp64, by code that no solver owns (src/core/lasso_math.hpp
/// has the formulas). How the largest correlation over all atoms is found, the caller says.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
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

/// A row and its code. Weights may be 0.
struct CodeView {
  const float* z = nullptr;  ///< [ld], zero past the dimension
  double lambda = 0;
  int count = 0;
  const std::int32_t* atoms = nullptr;
  const float* weights = nullptr;
};

SPLICE_KERNEL CodeView code_of(const RowsView& rows, std::int64_t row, std::int64_t ld) {
  return {rows.z + row * ld, rows.lambda[row], rows.code_count[row], rows.code_atoms + row * rows.code_capacity,
          rows.code_weights + row * rows.code_capacity};
}

/// residual [ld] = z - C'w and what follows from it, in fp64.
template <class Group, class Vector>
SPLICE_KERNEL CodeTerms code_terms(Group& group, const AtomsView& atoms, const ProblemView& problem, const CodeView& code,
                                   const Vector& residual) {
  const float* z = code.z;
  const int count = code.count;
  subtract_atoms<double>(
      group, atoms, z, count, [&](int i) -> std::int64_t { return code.atoms[i]; },
      [&](int i) { return static_cast<double>(code.weights[i]); }, residual);
  CodeTerms terms;
  struct Squares {
    double zz;
    double zr;
    double rr;
  };
  typename Group::template PerLane<Squares> squares;
  group.each([&](int lane) {
    Squares own{};
    SPLICE_UNROLL_BY((Group::size == 32 ? 4 : 1))  // blocks lack the registers
    for (std::int64_t k = lane; k < atoms.dim; k += Group::size) {
      const auto a = static_cast<double>(z[k]);
      const double b = residual[k];
      own.zz += a * a;
      own.zr += a * b;
      own.rr += b * b;
    }
    squares[lane] = own;
  });
  terms.z_dot_z = group.template sum<double>([&](int lane) { return squares[lane].zz; });
  terms.z_dot_r = group.template sum<double>([&](int lane) { return squares[lane].zr; });
  terms.r_dot_r = group.template sum<double>([&](int lane) { return squares[lane].rr; });
  terms.weighted_l1 = group.template sum<double>([&](int lane) {
    double sum = 0;
    SPLICE_NO_UNROLL
    for (int i = lane; i < count; i += Group::size) {
      if (code.weights[i] == 0) continue;  // of a banned atom, perhaps
      sum += std::abs(static_cast<double>(code.weights[i])) / problem.inverse[code.atoms[i]];
    }
    return sum;
  });
  // Support atoms exactly: equality with lambda is what they promise.
  typename Group::template PerLane<double> largest_of;
  typename Group::template PerLane<double> violation_of;
  group.each([&](int lane) { largest_of[lane] = violation_of[lane] = 0; });
  each_product<double>(
      group, float_atoms(atoms), count, [&](int i) -> std::int64_t { return code.atoms[i]; }, residual,
      [&](int lane, int i, double product) {
        const float weight = code.weights[i];
        if (weight == 0) return;
        const double inverse = problem.inverse[code.atoms[i]];
        const double correlation = weight < 0 ? -product * inverse : product * inverse;
        const double size = problem.nonnegative ? correlation : std::abs(correlation);
        const double distance = std::abs(correlation - code.lambda);
        double& largest = largest_of[lane];
        double& violation = violation_of[lane];
        largest = size > largest ? size : largest;
        violation = distance > violation ? distance : violation;
      });
  terms.largest = group.template max<double>([&](int lane) { return largest_of[lane]; });
  terms.violation = group.template max<double>([&](int lane) { return violation_of[lane]; });
  return terms;
}

template <class Group, class Vector>
SPLICE_KERNEL CodeTerms code_terms(Group& group, const AtomsView& atoms, const ProblemView& problem, const RowsView& rows,
                                   std::int64_t row, const Vector& residual) {
  return code_terms(group, atoms, problem, code_of(rows, row, atoms.ld), residual);
}

/// The largest size(i, <c_atom(i), residual>) of the i < count, at least 0. By all lanes alike.
template <class Group, class Atom, class Vector, class Size>
SPLICE_KERNEL double largest_product(Group& group, const AtomsView& atoms, int count, Atom atom, const Vector& residual,
                                     Size size) {
  typename Group::template PerLane<double> largest;
  group.each([&](int lane) { largest[lane] = 0; });
  each_product<double>(group, float_atoms(atoms), count, atom, residual, [&](int lane, int i, double product) {
    const double value = size(i, product);
    double& own = largest[lane];
    own = value > own ? value : own;
  });
  return group.template max<double>([&](int lane) { return largest[lane]; });
}

/// The largest correlation over all atoms, none of them screened.
template <class Group, class Vector>
SPLICE_KERNEL double largest_correlation(Group& group, const AtomsView& atoms, const ProblemView& problem,
                                         const Vector& residual) {
  return largest_product(
      group, atoms, static_cast<int>(atoms.size), [](int j) -> std::int64_t { return j; }, residual,
      [&](int j, double product) {
        const double inverse = problem.inverse[j];
        if (inverse == 0) return 0.0;
        return problem.nonnegative ? product * inverse : std::abs(product * inverse);
      });
}

/// The terms of a certificate; `largest` is (an upper bound of) the largest correlation over all atoms.
SPLICE_KERNEL math::Certificate certificate_of(const AtomsView& atoms, const ProblemView& problem, const CodeView& code,
                                               const CodeTerms& terms, double largest) {
  math::CertificateTerms t;
  t.z_dot_z = terms.z_dot_z;
  t.z_dot_r = terms.z_dot_r;
  t.r_dot_r = terms.r_dot_r;
  t.weighted_l1 = terms.weighted_l1;
  t.max_correlation = largest;
  t.lambda = code.lambda;
  t.atom_norm = static_cast<double>(problem.certificate_norm);
  t.summands = static_cast<double>(atoms.dim + code.count);
  return math::make_certificate(t);
}

/// @param largest  correlation over all atoms
SPLICE_KERNEL double kkt_violation(const CodeTerms& terms, double largest, double lambda) {
  const double excess = largest - lambda;
  return terms.violation > excess ? terms.violation : excess;
}

/// Writes the certificate; `largest` is (an upper bound of) the largest correlation over all atoms. By one lane.
/// @returns whether the gap is within the tolerance
SPLICE_KERNEL bool write_certificate(const AtomsView& atoms, const ProblemView& problem, const RowsView& rows, std::int64_t row,
                                     const CodeTerms& terms, double largest) {
  const double over_all = largest > terms.largest ? largest : terms.largest;
  const math::Certificate certificate = certificate_of(atoms, problem, code_of(rows, row, atoms.ld), terms, over_all);
  rows.primal[row] = certificate.primal;
  rows.dual[row] = certificate.dual;
  rows.gap[row] = certificate.gap;
  rows.kkt_violation[row] = kkt_violation(terms, over_all, rows.lambda[row]);
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
