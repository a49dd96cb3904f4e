// Coordinate descent by hand: sweeps on problems that can be worked out, through the stages of the tile.

#include "cpu/coordinate_descent.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/cpu_problem.hpp"
#include "dense_problem.hpp"

namespace splice_cuda::cpu {
namespace {

/// Keeps what the tile hands over.
struct Kept final : RowSink {
  void accept(const RowResult& result) override {
    atoms.assign(result.atoms.begin(), result.atoms.end());
    values.assign(result.values.begin(), result.values.end());
    report = result.report;
    ++rows;
  }
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  RowReport report;
  int rows = 0;
};

/// One row through prepare -> screen -> solve -> certify -> compact, until it leaves.
Kept drive(const CpuDictionary& dictionary, Problem problem, const std::vector<float>& z) {
  problem.embeddings = MatrixView<const float>{z.data(), 1, static_cast<std::int64_t>(z.size())};
  const auto tile = make_coordinate_descent_tile(dictionary, problem, 1);
  Kept kept;
  tile->prepare(0, 1);
  while (tile->occupied() > 0) {
    tile->screen();
    tile->solve();
    tile->certify();
    tile->compact(kept);
  }
  EXPECT_EQ(kept.rows, 1);
  return kept;
}

TEST(CoordinateDescent, SolvesOrthogonalAtomsInOneRound) {
  const std::vector<float> values = {2, 0, 0, 0, 1, 0, 0, 0, 1};
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 3, 3}});
  Problem problem = testing::dense_problem(*dictionary);  // lambda = 0.2
  const Kept kept = drive(*dictionary, problem, {1.0f, 0.1f, -0.5f});
  ASSERT_EQ(kept.atoms, (std::vector<std::int32_t>{0}));
  EXPECT_FLOAT_EQ(kept.values[0], (2.0f - 0.2f) / 4.0f);  // (c.z - lambda) / |c|^2
  EXPECT_EQ(kept.report.rounds, 1);
  EXPECT_EQ(kept.report.status, RowStatus::certified);
  problem.nonnegative = false;
  const Kept either = drive(*dictionary, problem, {1.0f, 0.1f, -0.5f});
  ASSERT_EQ(either.atoms, (std::vector<std::int32_t>{0, 2}));
  EXPECT_FLOAT_EQ(either.values[1], -0.3f);
}

/// Two unit atoms at 60 degrees: 1 x1 + 1/2 x2 = c1.z - lambda, 1/2 x1 + x2 = c2.z - lambda.
TEST(CoordinateDescent, SolvesTwoCorrelatedAtoms) {
  const float half = 0.5f;
  const float root = std::sqrt(0.75f);
  const std::vector<float> values = {1, 0, half, root};
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 2, 2}});
  Problem problem = testing::dense_problem(*dictionary);
  problem.solve.gap_tolerance = 1e-9;
  const Kept kept = drive(*dictionary, problem, {1.0f, 1.0f});
  const double b1 = 1.0 - 0.2;
  const double b2 = 0.5 + std::sqrt(0.75) - 0.2;
  ASSERT_EQ(kept.atoms.size(), 2u);
  EXPECT_NEAR(static_cast<double>(kept.values[0]), (b1 - 0.5 * b2) / 0.75, 1e-5);
  EXPECT_NEAR(static_cast<double>(kept.values[1]), (b2 - 0.5 * b1) / 0.75, 1e-5);
}

/// Zero atoms have no curvature to divide by; banned ones are not swept.
TEST(CoordinateDescent, LeavesZeroAndBannedAtomsAlone) {
  const std::vector<float> values = {0, 0, 1, 0, 0, 1};
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 3, 2}});
  Problem problem = testing::dense_problem(*dictionary);
  problem.inverse_weights[1] = problem.solver_inverse_weights[1] = 0;
  const Kept kept = drive(*dictionary, problem, {1.0f, 1.0f});
  ASSERT_EQ(kept.atoms, (std::vector<std::int32_t>{2}));
  EXPECT_FLOAT_EQ(kept.values[0], 0.8f);
  EXPECT_EQ(kept.report.status, RowStatus::certified);
}

/// An atom of weight a has the threshold a lambda.
TEST(CoordinateDescent, WeightsScaleTheThreshold) {
  const std::vector<float> values = {1, 0, 0, 1};
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 2, 2}});
  const Kept kept = drive(*dictionary, testing::dense_problem(*dictionary, {2.0f, 0.5f}), {1.0f, 1.0f});
  ASSERT_EQ(kept.atoms.size(), 2u);
  EXPECT_FLOAT_EQ(kept.values[0], 0.6f);
  EXPECT_FLOAT_EQ(kept.values[1], 0.9f);
}

}  // namespace
}  // namespace splice_cuda::cpu
