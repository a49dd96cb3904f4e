#include "splice_cuda/solver_kind.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace splice_cuda::testing {
namespace {

TEST(SolverKind, NamesAndBack) {
  EXPECT_STREQ(to_string(SolverKind::working_set), "working_set");
  EXPECT_STREQ(to_string(SolverKind::coordinate_descent), "coordinate_descent");
  EXPECT_STREQ(to_string(SolverKind::fista), "fista");
  EXPECT_STREQ(to_string(SolverKind::admm), "admm");
  for (const char* name : solver_names) {
    const std::optional<SolverKind> found = solver_named(name);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_STREQ(to_string(*found), name);
  }
}

TEST(SolverKind, WhatIsNone) {
  EXPECT_EQ(solver_named(""), std::nullopt);
  EXPECT_EQ(solver_named("FISTA"), std::nullopt);
  EXPECT_EQ(solver_named("fista "), std::nullopt);
  EXPECT_STREQ(to_string(static_cast<SolverKind>(4)), "unknown");
}

}  // namespace
}  // namespace splice_cuda::testing
