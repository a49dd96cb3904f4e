#include "splice_cuda/relevance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "random_rows.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing_rows::RandomRows;

TEST(Hausdorff, IsTheLargestNearestDistance) {
  RandomRows rows(10, 6, 1, 0.0f);
  const RandomRows others(8, 6, 2, 0.0f);
  const std::vector<std::int32_t> a = {1, 4, 7}, b = {0, 2, 5, 6};
  double expected = 0;
  for (const std::int32_t i : a) {
    double nearest = 2;
    for (const std::int32_t j : b) nearest = std::min(nearest, 1 - RandomRows::product(rows.unit(i), others.unit(j)));
    expected = std::max(expected, nearest);
  }
  for (const std::int32_t j : b) {
    double nearest = 2;
    for (const std::int32_t i : a) nearest = std::min(nearest, 1 - RandomRows::product(rows.unit(i), others.unit(j)));
    expected = std::max(expected, nearest);
  }
  EXPECT_NEAR(hausdorff_distance(rows.view(), a, others.view(), b).value(), expected, 1e-12);
  EXPECT_NEAR(hausdorff_distance(rows.view(), a, rows.view(), a).value(), 0, 1e-12);
  EXPECT_FALSE(hausdorff_distance(rows.view(), {}, others.view(), b).has_value());
  EXPECT_FALSE(hausdorff_distance(rows.view(), a, others.view(), {}).has_value());
  const std::vector<std::int32_t> far = {10};
  EXPECT_THROW(hausdorff_distance(rows.view(), far, others.view(), b), ArgumentError);
  // A row of zeros is no concept.
  std::fill_n(rows.row(9), 6, 0.0f);
  const std::vector<std::int32_t> zero = {9}, with_zero = {1, 4, 7, 9};
  EXPECT_FALSE(hausdorff_distance(rows.view(), zero, others.view(), b).has_value());
  EXPECT_NEAR(hausdorff_distance(rows.view(), with_zero, others.view(), b).value(), expected, 1e-12);
}

TEST(UncenteredAtoms, AreTheTextEmbeddings) {
  const RandomRows texts(12, 16, 3);
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back("concept " + std::to_string(i));
  const std::vector<std::int32_t> atoms = {11, 0, 5};
  std::vector<float> back(3 * 16);
  const ConceptSpace space = ConceptSpace::build(texts.view(), names);
  uncentered_atoms(space, atoms, {back.data(), 3, 16});
  for (std::size_t i = 0; i < 3; ++i) {
    const std::vector<double> unit = texts.unit(atoms[i]);
    for (std::size_t k = 0; k < 16; ++k) EXPECT_NEAR(static_cast<double>(back[i * 16 + k]), unit[k], 2e-6);
  }
  const std::vector<std::int32_t> far = {12};
  EXPECT_THROW(uncentered_atoms(space, far, {back.data(), 1, 16}), ArgumentError);
  const ConceptSpace plain = ConceptSpace::from_atoms(texts.view());
  uncentered_atoms(plain, atoms, {back.data(), 3, 16});
  EXPECT_EQ(back[0], texts.values[11 * 16]);
}

}  // namespace
}  // namespace splice_cuda
