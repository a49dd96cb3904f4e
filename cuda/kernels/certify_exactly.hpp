#pragma once

/// @file certify_exactly.hpp
/// Certificates over all atoms, none of them screened: of rows that the fallback solved, of rows whose budget is spent,
/// and of the dense solvers.

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
    /// A row that is not certified goes on with its first stage until it has this many iterations; 0: it is finished.
    std::int32_t most_iterations = 0;
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
    const double largest = largest_correlation(group, args.atoms, args.problem, residual);
    group.once([&] {
      const bool certified = write_certificate(args.atoms, args.problem, args.rows, row, terms, largest);
      if (certified || args.rows.iterations[row] >= args.most_iterations) {
        finish_row(args.rows, row, certified);
      } else {
        args.rows.phase[row] = RowPhase::first_pass;
      }
    });
  }
};

}  // namespace splice_cuda::cuda
