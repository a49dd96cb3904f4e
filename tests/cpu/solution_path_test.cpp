// The path of a small set against the oracle's, knot by knot, and what a pivot of lambda does to a tableau.

#include "cpu/solution_path.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/path_math.hpp"
#include "cpu_problem.hpp"
#include "oracle/lasso_path.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr std::int64_t dim = 12;

/// All atoms of a random problem as one set; the oracle sees the same numbers.
struct SetProblem {
  explicit SetProblem(std::int64_t atoms, unsigned seed) {
    const std::vector<float> vectors = testing::gaussian(static_cast<std::size_t>(atoms * dim), seed);
    const std::vector<float> row = testing::gaussian(static_cast<std::size_t>(dim), seed + 1);
    oracle = {.atoms = atoms, .dim = dim, .dictionary = {vectors.begin(), vectors.end()}, .weights = {}};
    z.assign(row.begin(), row.end());
    for (const double value : z) z_dot_z += value * value;
    std::vector<std::int32_t> all(static_cast<std::size_t>(atoms));
    std::iota(all.begin(), all.end(), 0);
    std::vector<double> correlations, gram;
    std::vector<double> ones(all.size(), 1.0);
    for (std::int64_t i = 0; i < atoms; ++i) {
      correlations.push_back(dot(i, z.data()));
      for (std::int64_t k = 0; k < atoms; ++k) gram.push_back(dot(i, oracle.dictionary.data() + k * dim));
    }
    path.append(all, ones, correlations, gram.data());
  }
  double dot(std::int64_t atom, const double* vector) const {
    return std::inner_product(vector, vector + dim, oracle.dictionary.begin() + atom * dim, 0.0);
  }

  splice_oracle::Problem oracle;
  std::vector<double> z;
  double z_dot_z = 0;
  SolutionPath path;
};

TEST(SolutionPath, KnotsAreTheOracles) {
  SetProblem problem(40, 5);
  const PathEnd end = problem.path.follow({.l0 = 1000}, problem.z_dot_z, false);
  EXPECT_EQ(end.kind, PathEnd::Kind::floor);
  const auto knots = splice_oracle::path(problem.oracle, problem.z, end.lambda);
  EXPECT_NEAR(end.lambda, math::path_floor * knots.front().penalty, 1e-15);
  // The oracle's has both ends.
  ASSERT_EQ(problem.path.knots().size() + 2, knots.size());
  for (std::size_t i = 0; i < problem.path.knots().size(); ++i) {
    const PathKnot& knot = problem.path.knots()[i];
    EXPECT_NEAR(knot.lambda, knots[i + 1].penalty, 1e-10);
    std::vector<double> w(40, 0.0);
    for (std::size_t k = 0; k < knot.atoms.size(); ++k) w[static_cast<std::size_t>(knot.atoms[k])] = static_cast<double>(knot.weights[k]);
    for (std::size_t j = 0; j < w.size(); ++j) EXPECT_NEAR(w[j], knots[i + 1].w[j], 1e-6);
  }
}

TEST(SolutionPath, EndsWhereTheTargetIsMet) {
  SetProblem problem(40, 15);
  const auto knots = splice_oracle::path(problem.oracle, problem.z, 1e-3);
  for (int k = 1; k <= 8; ++k) {
    const PathEnd end = problem.path.follow({.l0 = k}, problem.z_dot_z, false);
    EXPECT_EQ(end.kind, PathEnd::Kind::target);
    EXPECT_NEAR(end.lambda, splice_oracle::penalty_of_l0(knots, k), 1e-10) << k;
  }
  for (const double cosine : {0.3, 0.7, 0.9, 0.99}) {
    const PathEnd end = problem.path.follow({.cosine = cosine}, problem.z_dot_z, false);
    EXPECT_EQ(end.kind, PathEnd::Kind::target);
    EXPECT_NEAR(end.lambda, splice_oracle::penalty_of_cosine(problem.oracle, knots, problem.z, cosine), 1e-9) << cosine;
  }
}

/// Along a path nothing of it depends on atoms that it never touched.
TEST(SolutionPath, TouchedAtomsAloneHaveTheSamePath) {
  SetProblem problem(60, 25);
  const PathEnd whole = problem.path.follow({.l0 = 5}, problem.z_dot_z, false);
  std::vector<std::int32_t> touched;
  for (std::int64_t k = 0; k < problem.path.size(); ++k) {
    if (problem.path.touched(k)) touched.push_back(static_cast<std::int32_t>(k));
  }
  EXPECT_LT(touched.size(), 20u);
  EXPECT_GT(touched.size(), 5u);
  std::vector<double> correlations, gram;
  for (const std::int32_t i : touched) {
    correlations.push_back(problem.dot(i, problem.z.data()));
    for (const std::int32_t k : touched) gram.push_back(problem.dot(i, problem.oracle.dictionary.data() + k * dim));
  }
  SolutionPath few;
  few.append(touched, std::vector<double>(touched.size(), 1.0), correlations, gram.data());
  EXPECT_NEAR(few.follow({.l0 = 5}, problem.z_dot_z, false).lambda, whole.lambda, 1e-12);
}

TEST(SolutionPath, NoPositiveCorrelationMeansNoPath) {
  SolutionPath path;
  EXPECT_EQ(path.follow({.l0 = 1}, 1, false).kind, PathEnd::Kind::empty);
  const std::vector<std::int32_t> atom = {3};
  const std::vector<double> one = {1.0};
  const std::vector<double> against = {-0.5};
  path.append(atom, one, against, one.data());
  EXPECT_EQ(path.follow({.l0 = 1}, 1, false).kind, PathEnd::Kind::empty);
}

/// A moved tableau and pivots lead to the solution that solving at the other lambda gives.
TEST(SolutionPath, MovedSolutionsAreSolutions) {
  SetProblem problem(40, 35);
  problem.path.follow({.l0 = 8}, problem.z_dot_z, false);
  for (const double share : {0.9, 0.4, 1.5, 0.1}) {
    const double lambda = share * problem.path.lambda();
    problem.path.move_to(lambda);
    std::vector<double> w(40, 0.0);
    const Tableau<double>& set = problem.path.set();
    for (std::size_t k = 0; k < 40; ++k) w[k] = set.in_support[k] != 0 ? set.value[k] : 0;
    problem.oracle.penalty = lambda;
    EXPECT_LE(splice_oracle::evaluate(problem.oracle, problem.z, w).gap, 1e-9) << share;
    Tableau<double>& moved = problem.path.set();
    std::vector<double> gains;
    lambda_gains(moved, gains);
    lower_lambda(moved, gains, 0.0);
    for (std::size_t k = 0; k < 40; ++k) EXPECT_EQ(set.in_support[k] != 0 ? set.value[k] : 0, w[k]);
  }
}

}  // namespace
}  // namespace splice_cuda::cpu
