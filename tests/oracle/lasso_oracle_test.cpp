// The oracle itself, against answers found by other means.

#include "oracle/lasso_oracle.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "oracle/random_problem.hpp"

namespace splice_oracle {
namespace {

TEST(Oracle, SoftThresholdsOnOrthonormalAtoms) {
  Problem problem{.atoms = 3, .dim = 3, .dictionary = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .weights = {}, .penalty = 0.5};
  const std::vector<double> z = {2.0, 0.25, -3.0};
  const Solution kept = solve(problem, z);
  EXPECT_DOUBLE_EQ(kept.w[0], 1.5);
  EXPECT_EQ(kept.w[1], 0.0);
  EXPECT_EQ(kept.w[2], 0.0);
  problem.any_sign = true;
  EXPECT_DOUBLE_EQ(solve(problem, z).w[2], -2.5);
  problem.weights = {2.0, 1.0, std::numeric_limits<double>::infinity()};
  const Solution weighted = solve(problem, z);
  EXPECT_DOUBLE_EQ(weighted.w[0], 1.0);
  EXPECT_EQ(weighted.w[2], 0.0);
}

/// The best of a fine grid over two weights.
TEST(Oracle, NoPointOfAGridIsBetter) {
  const Problem problem = random_problem(2, 3, 0.3, 11);
  const std::vector<double> z = random_vector(3, 12);
  const Solution best = solve(problem, z);
  for (int i = 0; i <= 200; ++i) {
    for (int j = 0; j <= 200; ++j) {
      EXPECT_GE(evaluate(problem, z, {i * 0.01, j * 0.01}).primal, best.primal - 1e-12);
    }
  }
}

TEST(Oracle, ClosesTheGapAndMeetsTheOptimalityConditions) {
  for (const bool any_sign : {false, true}) {
    Problem problem = random_problem(60, 17, 1.0, 21);
    problem.any_sign = any_sign;
    const Solution solution = solve(problem, random_vector(17, 22));
    EXPECT_LE(solution.gap, 1e-11);
    EXPECT_GE(solution.gap, -1e-12);
    for (std::size_t j = 0; j < solution.w.size(); ++j) {
      const double pull = solution.correlations[j];
      if (solution.w[j] != 0) {
        EXPECT_NEAR(pull, std::copysign(1.0, solution.w[j]), 1e-5);
      } else {
        EXPECT_LE(any_sign ? std::abs(pull) : pull, 1.0 + 1e-5);
      }
    }
  }
}

TEST(Oracle, AWorseAnswerHasALargerGap) {
  const Problem problem = random_problem(20, 9, 0.5, 31);
  const std::vector<double> z = random_vector(9, 32);
  Solution solution = solve(problem, z);
  std::vector<double> worse = solution.w;
  worse[0] += 0.1;
  const Solution seen = evaluate(problem, z, worse);
  EXPECT_GT(seen.gap, 1e-4);
  EXPECT_GE(seen.gap, seen.primal - solution.primal);
}

/// Weights are a change of units: with c_j / a_j in place of c_j, the weights a_j w_j solve the plain problem.
TEST(Oracle, WeightsAreAChangeOfUnits) {
  for (const bool any_sign : {false, true}) {
    Problem weighted = random_problem(30, 11, 0.8, 41);
    weighted.any_sign = any_sign;
    Problem plain = weighted;
    for (std::size_t j = 0; j < 30; ++j) {
      weighted.weights.push_back(0.5 + 0.1 * static_cast<double>(j));
      for (std::size_t k = 0; k < 11; ++k) plain.dictionary[j * 11 + k] /= weighted.weights[j];
    }
    const std::vector<double> z = random_vector(11, 42);
    const Solution left = solve(weighted, z);
    const Solution right = solve(plain, z);
    EXPECT_NEAR(left.primal, right.primal, 1e-10);
    EXPECT_LE(left.gap, 1e-11);
    for (std::size_t j = 0; j < 30; ++j) EXPECT_NEAR(left.w[j] * weighted.weights[j], right.w[j], 1e-4);
  }
}

/// A flipped atom takes the flipped weight; with w >= 0 it is another problem.
TEST(Oracle, EitherSignDoesNotCareForTheAtomsSign) {
  Problem problem = random_problem(25, 9, 0.6, 51);
  Problem flipped = problem;
  for (std::size_t i = 0; i < flipped.dictionary.size(); ++i) {
    if (i / 9 % 2 == 1) flipped.dictionary[i] = -flipped.dictionary[i];
  }
  const std::vector<double> z = random_vector(9, 52);
  EXPECT_GT(std::abs(solve(problem, z).primal - solve(flipped, z).primal), 1e-3);
  problem.any_sign = flipped.any_sign = true;
  EXPECT_NEAR(solve(problem, z).primal, solve(flipped, z).primal, 1e-10);
}

/// Normal equations: the residual is orthogonal to every atom with weight, and pulls no other atom of the support in.
TEST(Oracle, LeastSquaresMeetsTheNormalEquations) {
  for (const bool any_sign : {false, true}) {
    Problem problem = random_problem(20, 12, 1.0, 61);
    problem.any_sign = any_sign;
    const std::vector<double> z = random_vector(12, 62);
    const std::vector<std::size_t> support = {1, 4, 5, 11, 17};
    const std::vector<double> w = least_squares(problem, z, support);
    const Solution seen = evaluate(problem, z, w);
    int used = 0;
    for (const std::size_t j : support) {
      if (w[j] != 0) {
        EXPECT_NEAR(seen.correlations[j], 0, 1e-12);
        ++used;
      } else {
        EXPECT_LE(seen.correlations[j], 1e-12);
      }
      EXPECT_TRUE(any_sign || w[j] >= 0);
    }
    EXPECT_EQ(used == 5, any_sign) << "of random atoms some have a negative weight";
    EXPECT_EQ(w[0], 0.0) << "not of the support";
  }
}

}  // namespace
}  // namespace splice_oracle
