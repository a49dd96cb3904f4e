#pragma once

/// @file target_agreement.hpp
/// Rows that found their own penalty, against the oracle's path. Empty texts, or what is wrong;
/// target_agreement_test.cpp shows that each comparator fails on a corrupted answer.

#include <string>
#include <vector>

#include "oracle/lasso_path.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/options.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {

/// One row: certified, at a float32 penalty, at which the code's gap really is within 1e-6; the penalty is the oracle's to
/// `rounding` (a float32 has 1.2e-7), and l0 or the cosine are as promised.
/// @param problem  penalties of it are not used
std::string target_disagreement(const splice_oracle::Problem& problem, const std::vector<double>& z,
                                const DecomposeOptions& options, const std::vector<double>& w, const RowReport& report,
                                double rounding = 3e-7);

/// All rows; the first disagreement, with its row.
std::string targets_disagreement(const splice_oracle::Problem& problem, const SampleProblem& sample,
                                 const DecomposeOptions& options, const DecomposeResult& result);

}  // namespace splice_cuda::testing
