#pragma once

/// @file brute_certify.hpp
/// Certificates of given codes by brute force: fp64, every atom, no screening, nothing shared with the solvers
/// but the formulas of lasso_math.hpp.

#include <cstdint>
#include <span>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cpu {

/// Fills reports[i] for row first + i of `codes` and of the problem's embeddings. A code that is not feasible
/// (a negative weight while nonnegative, a weight on a banned atom) has gap = kkt_violation = +infinity.
void certify_brute_force(const CpuDictionary& dictionary, const Problem& problem, const SparseCodes& codes,
                         std::int64_t first, std::span<RowReport> reports);

}  // namespace splice_cuda::cpu
