#pragma once

/// @file certify_exactly.hpp
/// Certificates over all atoms, none of them screened: of rows that the fallback solved, of rows whose budget is spent,
/// and of the dense solvers. Its word is final.

#include <cmath>
#include <cstdint>

#include "kernels/certificate.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct CertifyExactlyKernel {
  struct Args {
    AtomsView atoms;
    ProblemView problem;
    RowsView rows;
    double* residuals = nullptr;  ///< [groups, ld]
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "certify_exactly_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    if (args.rows.phase[row] != RowPhase::claims_exactly) return;
    auto residual = group.array(args.residuals + group.index() * args.atoms.ld, args.atoms.ld);
    const CodeTerms terms = code_terms(group, args.atoms, args.problem, args.rows, row, residual);
    const double largest = group.template max<double>([&](int lane) {
      double found = 0;
      for (std::int64_t j = lane; j < args.atoms.size; j += Group::size) {
        const double inverse = args.problem.inverse[j];
        if (inverse == 0) continue;
        const double value = dot_atom(args.atoms, j, residual) * inverse;
        const double size = args.problem.nonnegative ? value : std::abs(value);
        found = size > found ? size : found;
      }
      return found;
    });
    group.once([&] { finish_row(args.rows, row, write_certificate(args.atoms, args.problem, args.rows, row, terms, largest)); });
  }
};

}  // namespace splice_cuda::cuda
