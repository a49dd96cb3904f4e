#pragma once

/// @file certificate.hpp
/// Stage `certify`: a row's certificate from its code alone, in fp64, by code that no solver owns (src/core/lasso_math.hpp
/// has the formulas). How the largest correlation over all atoms is found, the caller says.

#include <cmath>
#include <cstdint>

#include "core/lasso_math.hpp"
#include "kernels/row_products.hpp"
#include "kernels/small_code.hpp"
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

/// What a lane adds up over a residual's dimensions.
struct ResidualSums {
  double zz = 0;
  double zr = 0;
  double rr = 0;

  SPLICE_KERNEL void add(float z, double r) {
    const auto a = static_cast<double>(z);
    zz += a * a;
    zr += a * r;
    rr += r * r;
  }
};

/// What a lane finds among the support. Atoms exactly: equality with lambda is what they promise.
struct SupportTerms {
  double weighted_l1 = 0;
  double largest = 0;
  double violation = 0;

  SPLICE_KERNEL void add(const ProblemView& problem, double lambda, float weight, std::int32_t atom, double product) {
    if (weight == 0) return;  // of a banned atom, perhaps
    const double inverse = problem.inverse[atom];
    weighted_l1 += std::abs(static_cast<double>(weight)) / inverse;
    const double correlation = weight < 0 ? -product * inverse : product * inverse;
    const double size = problem.nonnegative ? correlation : std::abs(correlation);
    const double distance = std::abs(correlation - lambda);
    largest = size > largest ? size : largest;
    violation = distance > violation ? distance : violation;
  }
};

/// What a lane adds up of both.
struct LaneTerms {
  ResidualSums residual;
  SupportTerms support;
};

/// residual [ld] = z - C'w, in fp64, and what each lane finds of it.
template <class Group, class Vector>
SPLICE_KERNEL void look_at_code(Group& group, const AtomsView& atoms, const ProblemView& problem, const CodeView& code,
                                const Vector& residual, typename Group::template PerLane<LaneTerms>& found) {
  const auto atom = [&](int i) -> std::int64_t { return code.atoms[i]; };
  subtract_atoms<double>(group, atoms, code.z, code.count, atom, [&](int i) { return static_cast<double>(code.weights[i]); },
                         residual);
  group.each([&](int lane) {
    SPLICE_UNROLL_BY((Group::size == 32 ? 4 : 1))  // blocks lack the registers
    for (std::int64_t k = lane; k < atoms.dim; k += Group::size) found[lane].residual.add(code.z[k], residual[k]);
  });
  each_product<double>(group, float_atoms(atoms), code.count, atom, residual, [&](int lane, int i, double product) {
    found[lane].support.add(problem, code.lambda, code.weights[i], code.atoms[i], product);
  });
}

/// The same by a warp, of a code that is in shared memory: each atom is looked at once.
template <class Group, class Vector>
SPLICE_KERNEL void look_at_small_code(Group& group, const AtomsView& atoms, const ProblemView& problem, const CodeView& code,
                                      const SharedCode<Group>& small, const Vector& residual,
                                      typename Group::template PerLane<LaneTerms>& found) {
  typename Group::template PerLane<double> products;
  multiply_small_code(group, atoms, code.z, code.count, small, residual, products,
                      [&](int lane, float z, double r) SPLICE_INLINED { found[lane].residual.add(z, r); });
  group.each([&](int lane) {
    found[lane].support.add(problem, code.lambda, static_cast<float>(small.weights[lane]), small.atoms[lane], products[lane]);
  });
}

template <class Group>
SPLICE_KERNEL CodeTerms add_up(Group& group, typename Group::template PerLane<LaneTerms>& found) {
  CodeTerms terms;
  terms.z_dot_z = group.template sum<double>([&](int lane) { return found[lane].residual.zz; });
  terms.z_dot_r = group.template sum<double>([&](int lane) { return found[lane].residual.zr; });
  terms.r_dot_r = group.template sum<double>([&](int lane) { return found[lane].residual.rr; });
  terms.weighted_l1 = group.template sum<double>([&](int lane) { return found[lane].support.weighted_l1; });
  terms.largest = group.template max<double>([&](int lane) { return found[lane].support.largest; });
  terms.violation = group.template max<double>([&](int lane) { return found[lane].support.violation; });
  return terms;
}

/// residual [ld] = z - C'w and what follows from it, in fp64.
template <class Group, class Vector>
SPLICE_KERNEL CodeTerms code_terms(Group& group, const AtomsView& atoms, const ProblemView& problem, const CodeView& code,
                                   const Vector& residual) {
  typename Group::template PerLane<LaneTerms> found;
  group.each([&](int lane) { found[lane] = {}; });
  look_at_code(group, atoms, problem, code, residual, found);
  return add_up(group, found);
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
