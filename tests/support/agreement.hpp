#pragma once

/// @file agreement.hpp
/// Comparators: each gives an empty text, or says what is wrong. agreement_test.cpp shows that each one fails on a
/// corrupted answer.

#include <cstdint>
#include <string>
#include <vector>

#include "oracle/lasso_oracle.hpp"
#include "splice_cuda/codes.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {

/// One row against the oracle: the report is true of the code (fp64, from scratch), the gap is an upper bound of the
/// distance to the optimum, the code is feasible, and atoms that a gap-safe sphere proves zero are zero.
std::string row_disagreement(const splice_oracle::Problem& problem, const std::vector<double>& z,
                             const splice_oracle::Solution& oracle, const std::vector<double>& w,
                             const RowReport& report);

/// All rows of a result, in the same way; certified, besides. The first disagreement, with its row.
std::string result_disagreement(const splice_oracle::Problem& problem, const SampleProblem& sample,
                                const DecomposeResult& result);

/// CSR in order: offsets ascending from 0, indices ascending and in range, values finite and not zero.
std::string malformed(const SparseCodes& codes);

/// Bitwise equality of codes and reports.
std::string difference(const DecomposeResult& left, const DecomposeResult& right);

/// Row `left_row` of `left` and `right_row` of `right`, bitwise.
std::string row_difference(const DecomposeResult& left, std::int64_t left_row, const DecomposeResult& right,
                           std::int64_t right_row);

}  // namespace splice_cuda::testing
