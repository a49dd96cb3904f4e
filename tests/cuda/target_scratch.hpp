#pragma once

/// @file target_scratch.hpp
/// Memory of the kernel of targets for one group, of any number of candidates.

#include "cuda/kernel_problem.hpp"
#include "kernels/target_row.hpp"

namespace splice_cuda::testing {

/// How many candidates a row begins with, may have, and gets more of at once.
struct CandidateCounts {
  int first = 1024;
  int most = 1536;
  int more = 128;
};

struct TargetScratch {
  TargetScratch(const KernelProblem& problem, const KernelRows& rows, PathTarget target, CandidateCounts counts)
      : penalties(at(rows.view.count), std::numeric_limits<float>::quiet_NaN()), zeros(at(problem.atoms.ld)) {
    args.atoms = problem.atoms;
    args.problem = problem.view;
    args.rows = rows.view;
    args.l0 = target.l0;
    args.cosine = target.cosine;
    args.first_candidates = counts.first;
    args.candidates = static_cast<int>(std::min<std::int64_t>(problem.atoms.size, counts.most));
    args.most_new = counts.more;
    const auto most = static_cast<int>(std::min<std::int64_t>(problem.atoms.dim, args.candidates));
    args.support = target.l0 > 0 ? std::min(target.l0, most) : most;
    const auto undefined = std::numeric_limits<double>::quiet_NaN();
    residuals.assign(at(problem.atoms.ld), undefined);
    const std::int64_t count =
        cuda::TargetArgs::double_count(problem.atoms.size, problem.atoms.ld, args.candidates, args.support);
    doubles.assign(at(count), undefined);
    ints.assign(at(cuda::TargetArgs::int_count(args.candidates, args.support)), -77);
    member.assign(at(problem.atoms.size), 77);
    args.penalties = penalties.data();
    args.zeros = zeros.data();
    args.residuals = residuals.data();
    args.doubles = doubles.data();
    args.ints = ints.data();
    args.member = member.data();
  }
  TargetScratch(const TargetScratch&) = delete;
  TargetScratch& operator=(const TargetScratch&) = delete;

  cuda::TargetArgs args;
  std::vector<float> penalties, zeros;
  std::vector<double> residuals, doubles;
  std::vector<std::int32_t> ints;
  std::vector<std::uint8_t> member;
};

}  // namespace splice_cuda::testing
