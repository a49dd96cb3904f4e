// Least squares on a support: normal equations in fp64, dependent atoms, and the sign constraint.

#include "cpu/refit.hpp"

#include <cmath>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "cpu/cpu_problem.hpp"
#include "cpu/every_target.hpp"
#include "dense_problem.hpp"

namespace splice_cuda::cpu {
namespace {

Eigen::VectorXd direct(const CpuDictionary& dictionary, const std::vector<float>& z,
                       const std::vector<std::int32_t>& support) {
  const Eigen::MatrixXd atoms = testing::weighted_atoms(dictionary, testing::dense_problem(dictionary));
  Eigen::MatrixXd columns(dictionary.dim, static_cast<Eigen::Index>(support.size()));
  Eigen::VectorXd target(dictionary.dim);
  for (std::size_t i = 0; i < support.size(); ++i) columns.col(static_cast<Eigen::Index>(i)) = atoms.row(support[i]);
  for (std::int64_t k = 0; k < dictionary.dim; ++k) target(k) = static_cast<double>(z[static_cast<std::size_t>(k)]);
  return columns.colPivHouseholderQr().solve(target);
}

TEST(RefitRow, EqualsADirectSolveWithEitherSign) {
  const auto dictionary = testing::random_dictionary(100, 40, 1);
  const std::vector<float> z = testing::random_row(40, dictionary->ld, 2);
  testing::for_every_target([&] {
    std::vector<std::int32_t> atoms = {0, 3, 17, 50, 99};
    std::vector<float> weights(5, 0.1f);
    const Eigen::VectorXd expected = direct(*dictionary, z, atoms);
    refit_row(*dictionary, z.data(), false, atoms, weights);
    ASSERT_EQ(atoms, (std::vector<std::int32_t>{0, 3, 17, 50, 99}));
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(static_cast<double>(weights[i]), expected(static_cast<Eigen::Index>(i)), 1e-6);
    }
  });
}

/// Atoms that leave have a negative gradient; those that stay solve their own normal equations.
TEST(RefitRow, MeetsTheConditionsOfNonNegativeLeastSquares) {
  const auto dictionary = testing::random_dictionary(100, 40, 3);
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<float> z = testing::random_row(40, dictionary->ld, 100 + seed);
    const std::vector<std::int32_t> support = {1, 2, 30, 31, 32, 60, 77, 98};
    std::vector<std::int32_t> atoms = support;
    std::vector<float> weights(8, 1.0f);
    refit_row(*dictionary, z.data(), true, atoms, weights);
    ASSERT_EQ(atoms.size(), weights.size());
    ASSERT_LT(atoms.size(), 8u) << "of random atoms some leave";
    std::vector<double> r(z.begin(), z.end());
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      EXPECT_GT(weights[i], 0.0f);
      for (std::size_t k = 0; k < 40; ++k) {
        r[k] -= static_cast<double>(weights[i]) * static_cast<double>(dictionary->atom<float>(atoms[i])[k]);
      }
    }
    for (const std::int32_t j : support) {
      double correlation = 0;
      for (std::size_t k = 0; k < 40; ++k) correlation += r[k] * static_cast<double>(dictionary->atom<float>(j)[k]);
      const bool stayed = std::find(atoms.begin(), atoms.end(), j) != atoms.end();
      EXPECT_LE(stayed ? std::abs(correlation) : correlation, 1e-6);
    }
  }
}

TEST(RefitRow, OfAnEmptyCodeIsEmpty) {
  const auto dictionary = testing::random_dictionary(5, 4, 1);
  const std::vector<float> z = testing::random_row(4, dictionary->ld, 2);
  std::vector<std::int32_t> atoms;
  std::vector<float> weights;
  refit_row(*dictionary, z.data(), true, atoms, weights);
  EXPECT_TRUE(atoms.empty());
  EXPECT_TRUE(weights.empty());
}

/// Equal atoms and more atoms than numbers: no unique weights, but the unique projection.
TEST(RefitRow, OfDependentAtomsIsTheProjection) {
  std::vector<float> values = testing::gaussian(6 * 3, 8);
  std::copy_n(values.begin(), 3, values.begin() + 3);  // atom 1 = atom 0
  const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 6, 3}});
  const std::vector<float> z = testing::random_row(3, dictionary->ld, 9);
  std::vector<std::int32_t> atoms = {0, 1, 2, 3, 4, 5};
  std::vector<float> weights(6, 0.5f);
  refit_row(*dictionary, z.data(), false, atoms, weights);
  for (std::size_t k = 0; k < 3; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      ASSERT_TRUE(std::isfinite(weights[i]));
      sum += static_cast<double>(weights[i]) * static_cast<double>(dictionary->atom<float>(atoms[i])[k]);
    }
    EXPECT_NEAR(sum, static_cast<double>(z[k]), 1e-5) << "six atoms span all of three dimensions";
  }
}

}  // namespace
}  // namespace splice_cuda::cpu
