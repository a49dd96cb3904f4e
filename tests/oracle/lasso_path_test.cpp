// The path against the solver at single penalties, and against paths that can be written down.

#include "oracle/lasso_path.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "oracle/random_problem.hpp"

namespace splice_oracle {
namespace {

TEST(OraclePath, OrthonormalAtomsEnterInTheOrderOfTheirCorrelations) {
  const Problem problem{.atoms = 3, .dim = 3, .dictionary = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .weights = {}, .penalty = 1};
  const std::vector<Knot> knots = path(problem, {2.0, 0.5, -3.0}, 0.1);
  ASSERT_EQ(knots.size(), 3u);
  EXPECT_DOUBLE_EQ(knots[0].penalty, 2.0);
  EXPECT_DOUBLE_EQ(knots[1].penalty, 0.5);
  EXPECT_DOUBLE_EQ(penalty_of_l0(knots, 1), 0.5);
  EXPECT_DOUBLE_EQ(penalty_of_l0(knots, 2), 0.1) << "the third has a negative correlation";
  EXPECT_DOUBLE_EQ(at_penalty(knots, 1.5)[0], 0.5);
  Problem signed_problem = problem;
  signed_problem.any_sign = true;
  EXPECT_DOUBLE_EQ(path(signed_problem, {2.0, 0.5, -3.0}, 0.1)[0].penalty, 3.0);
}

/// z = (2, 1): with w = (2 - p, 0) the cosine is 2/sqrt(5) until the second atom enters at p = 1.
TEST(OraclePath, CosineOfTwoAtoms) {
  const Problem problem{.atoms = 2, .dim = 2, .dictionary = {1, 0, 0, 1}, .weights = {}, .penalty = 1};
  const std::vector<double> z = {2, 1};
  const std::vector<Knot> knots = path(problem, z, 0.01);
  EXPECT_NEAR(penalty_of_cosine(problem, knots, z, 0.8), 2.0, 0.01) << "reached by the first atom alone";
  // w = (2 - p, 1 - p): cosine^2 = (5 - 3p)^2 / (5 ((2 - p)^2 + (1 - p)^2)); 0.95^2 at p = 0.60... by hand below.
  const double p = penalty_of_cosine(problem, knots, z, 0.95);
  EXPECT_NEAR((5 - 3 * p) * (5 - 3 * p) / (5 * ((2 - p) * (2 - p) + (1 - p) * (1 - p))), 0.95 * 0.95, 1e-9);
}

TEST(OraclePath, IsWhatTheSolverFindsAtEveryPenalty) {
  for (const bool any_sign : {false, true}) {
    for (const bool weighted : {false, true}) {
      Problem problem = random_problem(60, 17, 1, 121);
      problem.any_sign = any_sign;
      if (weighted) {
        for (int j = 0; j < 60; ++j) {
          problem.weights.push_back(j % 7 == 0 ? std::numeric_limits<double>::infinity() : 0.5 + 0.05 * j);
        }
      }
      const std::vector<double> z = random_vector(17, 122);
      const std::vector<Knot> knots = path(problem, z, 0.05);
      ASSERT_GT(knots.size(), 10u);
      for (const double share : {0.9, 0.6, 0.3, 0.1}) {
        problem.penalty = share * knots[0].penalty;
        const std::vector<double> w = at_penalty(knots, problem.penalty);
        EXPECT_LE(evaluate(problem, z, w).gap, 1e-9) << "any_sign " << any_sign << ", weighted " << weighted;
      }
    }
  }
}

}  // namespace
}  // namespace splice_oracle
