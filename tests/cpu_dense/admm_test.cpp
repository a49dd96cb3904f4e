// ADMM's pieces: the Woodbury factor against the direct solve, the ladder of rho, residual balancing.

#include "cpu/admm.hpp"

#include <cmath>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "core/admm_math.hpp"
#include "cpu/admm_factors.hpp"
#include "cpu/cpu_problem.hpp"
#include "dense_problem.hpp"

namespace splice_cuda::cpu {
namespace {

class AdmmFactorsOf : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {};

/// x = (C C' + rho I)^-1 q is solved through d x d alone: x = (q - C inv(rho I + C'C) C'q) / rho.
TEST_P(AdmmFactorsOf, SolveTheSystemOfSizeP) {
  const auto [atoms, dim] = GetParam();
  const auto dictionary = testing::random_dictionary(atoms, dim, 15);
  std::vector<float> weights;
  for (std::int64_t j = 0; j < atoms; ++j) weights.push_back(0.8f + 0.05f * static_cast<float>(j % 11));
  const Problem problem = testing::dense_problem(*dictionary, weights);
  const Eigen::MatrixXd c = testing::weighted_atoms(*dictionary, problem);
  AdmmFactors factors(*dictionary, problem);
  const std::vector<float> right = testing::gaussian(static_cast<std::size_t>(atoms), 16);
  const Eigen::VectorXd q = Eigen::Map<const Eigen::VectorXf>(right.data(), atoms).cast<double>();
  for (const int rung : {0, 3, -2}) {
    const double rho = factors.rho(rung);
    const float* inverse = factors.inverse(rung);
    Eigen::MatrixXd factor(dim, dim);
    for (std::int64_t i = 0; i < dim; ++i) {
      for (std::int64_t k = 0; k < dim; ++k) factor(i, k) = static_cast<double>(inverse[i * dictionary->ld + k]);
    }
    const Eigen::VectorXd woodbury = (q - c * (factor * (c.transpose() * q))) / rho;
    const Eigen::MatrixXd system = c * c.transpose() + rho * Eigen::MatrixXd::Identity(atoms, atoms);
    const Eigen::VectorXd direct = system.ldlt().solve(q);
    EXPECT_LE((woodbury - direct).norm(), 2e-5 * direct.norm()) << "rung " << rung;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AdmmFactorsOf,
                         ::testing::Combine(::testing::Values(1, 20, 90), ::testing::Values(1, 30, 65)));

TEST(AdmmFactors, LadderIsOfPowersOfTwoAndFactorsAreMadeOnce) {
  const auto dictionary = testing::random_dictionary(50, 20, 17);
  Problem problem = testing::dense_problem(*dictionary);
  problem.solve.rho = 3;
  AdmmFactors factors(*dictionary, problem);
  EXPECT_DOUBLE_EQ(factors.rho(0), 3);
  EXPECT_DOUBLE_EQ(factors.rho(2), 12);
  EXPECT_DOUBLE_EQ(factors.rho(-1), 1.5);
  const float* first = factors.inverse(1);
  factors.inverse(0);
  EXPECT_EQ(factors.inverse(1), first);
}

/// Far from the eigenvalues of C'C float32 can't tell rho I + C'C from one of its terms.
TEST(AdmmFactors, RhoStaysNearTheEigenvalues) {
  const auto dictionary = testing::random_dictionary(50, 20, 18);
  Problem problem = testing::dense_problem(*dictionary);
  const Eigen::MatrixXd c = testing::weighted_atoms(*dictionary, problem);
  const double mean = c.squaredNorm() / 20;
  problem.solve.rho = 1e-300;
  EXPECT_NEAR(AdmmFactors(*dictionary, problem).rho(0), 1e-4 * mean, 1e-9 * mean);
  problem.solve.rho = 1e300;
  EXPECT_NEAR(AdmmFactors(*dictionary, problem).rho(0), 1e4 * mean, 1e-1 * mean);
}

TEST(AdmmFactors, OfZeroAtoms) {
  const std::vector<float> zeros(12, 0.0f);
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{zeros.data(), 4, 3}});
  AdmmFactors factors(*dictionary, testing::dense_problem(*dictionary));
  EXPECT_FLOAT_EQ(factors.inverse(0)[0], 1.0f);  // inv(rho I), rho = 1
}

/// The larger residual says which way: a large primal one wants a larger rho.
TEST(ResidualBalancing, MovesByOneRungWhenOneResidualDominates) {
  EXPECT_EQ(math::balanced_rung(0, 5.0, 1.0), 1);
  EXPECT_EQ(math::balanced_rung(0, 1.0, 5.0), -1);
  EXPECT_EQ(math::balanced_rung(3, 1.0, 1.0), 3);
  EXPECT_EQ(math::balanced_rung(3, 3.9, 1.0), 3);
  EXPECT_EQ(math::balanced_rung(3, 1.0, 3.9), 3);
  EXPECT_EQ(math::balanced_rung(2, 0.0, 0.0), 2) << "standing still is balanced";
  EXPECT_EQ(math::balanced_rung(math::most_rungs, 5.0, 1.0), math::most_rungs);
  EXPECT_EQ(math::balanced_rung(-math::most_rungs, 1.0, 5.0), -math::most_rungs);
}

}  // namespace
}  // namespace splice_cuda::cpu
