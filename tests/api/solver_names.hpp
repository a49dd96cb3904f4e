#pragma once

/// @file solver_names.hpp
/// The solvers as test parameters: those that the device of the tests has.

#include <string>

#include <gtest/gtest.h>

#include "splice_cuda/options.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {

inline auto all_solvers() { return ::testing::ValuesIn(test_device().solvers); }

class EachSolver : public ::testing::TestWithParam<SolverKind> {
 protected:
  DecomposeOptions options(float l1_penalty = 0.25f) const {
    DecomposeOptions options{.l1_penalty = l1_penalty};
    options.solve.solver = GetParam();
    return options;
  }
};

inline std::string parameter_name(const ::testing::TestParamInfo<SolverKind>& info) { return to_string(info.param); }

}  // namespace splice_cuda::testing

/// A suite derived from one of EachSolver's, for what the default solver alone promises.
#define SPLICE_WORKING_SET_ALONE(suite)                                                        \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::Values(splice_cuda::SolverKind::working_set), \
                           splice_cuda::testing::parameter_name)

#define SPLICE_EACH_SOLVER(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, splice_cuda::testing::all_solvers(), splice_cuda::testing::parameter_name)
