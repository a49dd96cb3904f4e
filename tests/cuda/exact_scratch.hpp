#pragma once

/// @file exact_scratch.hpp
/// Memory of the fp64 fallback for one group, of any capacity.

#include "cuda/kernel_problem.hpp"
#include "kernels/exact_row.hpp"

namespace splice_cuda::testing {

struct ExactMemory {
  ExactMemory(const KernelProblem& problem, const KernelRows& rows, int capacity)
      : matrix(at(capacity) * at(capacity)),
        sets(at(6 * capacity)),
        ints(at(4 * capacity)),
        residual(at(problem.atoms.ld)),
        correlations(at(problem.atoms.size)),
        member(at(problem.atoms.size), 1) {
    args.atoms = problem.atoms;
    args.problem = problem.view;
    args.rows = rows.view;
    args.capacity = capacity;
    args.set_stride = capacity;
    args.atom_stride = problem.atoms.size;
    args.dim_stride = problem.atoms.ld;
    const auto doubles = [&](int i) { return sets.data() + i * capacity; };
    const auto indices = [&](int i) { return ints.data() + i * capacity; };
    cuda::ExactScratch& s = args.first;
    s.matrix = matrix.data();
    s.tableau = {doubles(0), doubles(1), doubles(2), doubles(3), indices(0), indices(1), indices(2)};
    s.gram = doubles(4);
    s.slacks = doubles(5);
    s.kept = indices(3);
    s.residual = residual.data();
    s.correlations = correlations.data();
    s.member = member.data();
  }
  ExactMemory(const ExactMemory&) = delete;
  ExactMemory& operator=(const ExactMemory&) = delete;

  cuda::ExactArgs args;
  std::vector<double> matrix, sets;
  std::vector<std::int32_t> ints;
  std::vector<double> residual, correlations;
  std::vector<std::uint8_t> member;
};

}  // namespace splice_cuda::testing
