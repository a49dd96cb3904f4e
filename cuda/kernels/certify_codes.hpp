#pragma once

/// @file certify_codes.hpp
/// Certificates of codes from anywhere, by brute force over all atoms in fp64: rows as they are given, neither scaled nor
/// checked before.

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/certificate.hpp"
#include "kernels/load.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

struct CertifyCodesKernel {
  struct Args {
    AtomsView atoms;
    ProblemView problem;
    const void* input = nullptr;  ///< [rows, dim] of `dtype`, ld_input elements apart
    DType dtype = DType::float32;
    std::int64_t ld_input = 0;
    const double* penalties = nullptr;  ///< [rows] on the scale of the interface
    const std::int64_t* offsets = nullptr;  ///< [rows + 1]
    const std::int32_t* code_atoms = nullptr;
    const float* code_weights = nullptr;
    float* z = nullptr;           ///< [groups, ld]
    double* residuals = nullptr;  ///< [groups, ld]
    RowReport* reports = nullptr;  ///< [rows]
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "certify_codes_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    const std::int64_t dim = args.atoms.dim;
    auto residual = group.array(args.residuals + group.index() * args.atoms.ld, args.atoms.ld);
    float* z = args.z + group.index() * args.atoms.ld;
    group.each([&](int lane) {
      for (std::int64_t k = lane; k < args.atoms.ld; k += Group::size) {
        z[k] = k < dim ? load_element(args.input, args.dtype, row * args.ld_input + k) : 0.0f;
      }
    });
    group.sync();
    const std::int64_t from = args.offsets[row];
    CodeView code;
    code.z = z;
    code.lambda = 0.5 * args.penalties[row];
    code.count = static_cast<int>(args.offsets[row + 1] - from);
    code.atoms = args.code_atoms + from;
    code.weights = args.code_weights + from;
    const CodeTerms terms = code_terms(group, args.atoms, args.problem, code, residual);
    const double largest = largest_correlation(group, args.atoms, args.problem, residual);
    const int infeasible = group.template max<int>([&](int lane) {
      int found = 0;
      for (int i = lane; i < code.count; i += Group::size) {
        const float weight = code.weights[i];
        if (weight == 0) continue;
        if (args.problem.inverse[code.atoms[i]] == 0 || (weight < 0 && args.problem.nonnegative)) found = 1;
      }
      return found;
    });
    group.once([&] { args.reports[row] = report_of(args, row, code, terms, largest, infeasible == 0); });
    group.sync();
  }

 private:
  static SPLICE_KERNEL RowReport report_of(const Args& args, std::int64_t row, const CodeView& code, const CodeTerms& terms,
                                           double largest, bool feasible) {
    RowReport report;
    report.l1_penalty = args.penalties[row];
    if (!std::isfinite(terms.z_dot_z)) {
      report.primal = report.dual = report.gap = report.kkt_violation = std::nan("");
      report.status = RowStatus::non_finite_input;
      return report;
    }
    const math::Certificate certificate = certificate_of(args.atoms, args.problem, code, terms, largest);
    report.primal = certificate.primal;
    report.dual = certificate.dual;
    report.gap = certificate.gap;
    report.kkt_violation = kkt_violation(terms, largest, code.lambda);
    if (!feasible) report.gap = report.kkt_violation = std::numeric_limits<double>::infinity();
    const bool certified = report.gap <= args.problem.gap_tolerance * 0.5 * terms.z_dot_z;
    report.status = certified ? RowStatus::certified : RowStatus::budget_exhausted;
    if (terms.z_dot_z == 0 && code.count == 0) {
      report.gap = 0;
      report.status = RowStatus::zero_embedding;
    }
    return report;
  }
};

}  // namespace splice_cuda::cuda
