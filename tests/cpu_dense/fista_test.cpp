// FISTA's pieces: the step from power iteration, what happens where that is too long, momentum and its restart.

#include "cpu/fista.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>

#include "core/fista_math.hpp"
#include "cpu/cpu_problem.hpp"
#include "cpu/dense_tile.hpp"
#include "cpu/every_target.hpp"
#include "dense_problem.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::cpu {
namespace {

double true_eigenvalue(const CpuDictionary& dictionary, const Problem& problem) {
  const Eigen::MatrixXd atoms = testing::weighted_atoms(dictionary, problem);
  const Eigen::MatrixXd gram = atoms.transpose() * atoms;
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram, Eigen::EigenvaluesOnly).eigenvalues().maxCoeff();
}

class LargestEigenvalue : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {};

TEST_P(LargestEigenvalue, IsBoundedCloselyOnEveryTarget) {
  const auto [atoms, dim] = GetParam();
  const auto dictionary = testing::random_dictionary(atoms, dim, 7);
  std::vector<float> weights;
  for (std::int64_t j = 0; j < atoms; ++j) weights.push_back(0.5f + 0.1f * static_cast<float>(j % 20));
  for (const auto& a : {std::vector<float>{}, weights}) {
    const Problem problem = testing::dense_problem(*dictionary, a);
    const double exact = true_eigenvalue(*dictionary, problem);
    testing::for_every_target([&] {
      const double bound = largest_eigenvalue(*dictionary, problem);
      EXPECT_GE(bound, exact);
      EXPECT_LE(bound, 1.05 * exact);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, LargestEigenvalue,
                         ::testing::Combine(::testing::Values(1, 33, 500), ::testing::Values(1, 7, 65, 128)));

TEST(LargestEigenvalueOfNothing, IsPositive) {
  const std::vector<float> zeros(12, 0.0f);
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{zeros.data(), 4, 3}});
  EXPECT_GT(largest_eigenvalue(*dictionary, testing::dense_problem(*dictionary)), 0.0);
}

/// Atoms in pairs s + b, s - b, where s lies along the start of the power iteration: the start is an eigenvector, but
/// not of the largest eigenvalue.
std::vector<float> misleading_atoms(std::int64_t pairs, std::int64_t dim) {
  std::vector<double> start;
  double norm = 0;
  for (std::int64_t k = 0; k < dim; ++k) {
    start.push_back(1.0 + 0.1 * static_cast<double>(k % 7));
    norm += start.back() * start.back();
  }
  for (double& value : start) value /= std::sqrt(norm);
  const std::vector<float> random = testing::gaussian(static_cast<std::size_t>(pairs * dim), 9);
  std::vector<float> atoms;
  for (std::int64_t i = 0; i < pairs; ++i) {
    std::vector<double> b(random.begin() + i * dim, random.begin() + (i + 1) * dim);
    double along = 0;
    for (std::size_t k = 0; k < b.size(); ++k) along += b[k] * start[k];
    double length = 0;
    for (std::size_t k = 0; k < b.size(); ++k) {
      b[k] -= along * start[k];
      length += b[k] * b[k];
    }
    for (const double sign : {1.0, -1.0}) {
      for (std::size_t k = 0; k < b.size(); ++k) {
        atoms.push_back(static_cast<float>(0.15 * start[k] + sign * b[k] / std::sqrt(length)));
      }
    }
  }
  return atoms;
}

TEST(Fista, ConvergesWhereThePowerIterationIsMisled) {
  constexpr std::int64_t dim = 24;
  const std::vector<float> atoms = misleading_atoms(60, dim);
  const auto data = make_cpu_dictionary({MatrixView<const float>{atoms.data(), 120, dim}});
  const Problem problem = testing::dense_problem(*data);
  ASSERT_LT(largest_eigenvalue(*data, problem), 0.9 * true_eigenvalue(*data, problem)) << "no longer misled";
  const Context context;
  const Dictionary dictionary(context, MatrixView<const float>{atoms.data(), 120, dim});
  const std::vector<float> rows = testing::gaussian(16 * dim, 10);
  DecomposeOptions options{.l1_penalty = 0.3f};
  options.solve.solver = SolverKind::fista;
  options.solve.max_iterations = 3000;
  const DecomposeResult result = decompose(context, dictionary, MatrixView<const float>{rows.data(), 16, dim}, options);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified) << report.gap;
}

TEST(Momentum, GrowsAsNesterovHasItAndRestarts) {
  math::Momentum momentum;
  EXPECT_EQ(momentum.beta, 0.0f);
  momentum = math::next_momentum(momentum, -1.0);
  const double t1 = (1 + std::sqrt(5.0)) / 2;
  EXPECT_DOUBLE_EQ(momentum.t, t1);
  EXPECT_EQ(momentum.beta, 0.0f) << "(1 - 1) / t";
  momentum = math::next_momentum(momentum, 0.0);
  const double t2 = (1 + std::sqrt(1 + 4 * t1 * t1)) / 2;
  EXPECT_DOUBLE_EQ(momentum.t, t2);
  EXPECT_FLOAT_EQ(momentum.beta, static_cast<float>((t1 - 1) / t2));
  for (int step = 0; step < 1000; ++step) momentum = math::next_momentum(momentum, -1.0);
  EXPECT_GT(momentum.beta, 0.99f);
  EXPECT_LT(momentum.beta, 1.0f);
  momentum = math::next_momentum(momentum, 1e-30);
  EXPECT_EQ(momentum.t, 1.0);
  EXPECT_EQ(momentum.beta, 0.0f);
}

}  // namespace
}  // namespace splice_cuda::cpu
