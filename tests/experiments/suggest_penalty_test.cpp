#include "splice_cuda/suggest_penalty.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "splice_cuda/association.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t dim = 24;

std::vector<float> drawn(std::int64_t rows, std::uint64_t seed, float mean) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> draw(mean, 1);
  std::vector<float> values(static_cast<std::size_t>(rows * dim));
  for (float& value : values) value = draw(random);
  return values;
}

ConceptSpace space_of(const std::vector<std::string>& names) {
  const auto count = static_cast<std::int64_t>(names.size());
  const std::vector<float> text = drawn(count, 1, 0.5f);
  return ConceptSpace::build(MatrixView<const float>{text.data(), count, dim}, names);
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("thing " + std::to_string(i));
  return names;
}

TEST(SuggestPenalty, LeavesAboutThatManyConcepts) {
  const ConceptSpace space = space_of(numbered(200));
  const std::vector<float> rows = drawn(900, 2, 0);
  const MatrixView<const float> view{rows.data(), 900, dim};
  const Context context;
  for (const std::int32_t wanted : {3, 6}) {
    DecomposeOptions options;
    options.l1_penalty = 100;  // what is suggested does not go by it
    const std::optional<float> penalty = suggest_penalty(space, context, view, options, {}, wanted);
    ASSERT_TRUE(penalty);
    options.l1_penalty = *penalty;
    const double l0 = static_cast<double>(space.decompose(context, view, options).codes.nnz()) / 900;
    EXPECT_NEAR(l0, wanted, 0.25 * wanted);
  }
}

TEST(SuggestPenalty, PassesOverRowsWithoutACode) {
  const ConceptSpace space = space_of(numbered(50));
  std::vector<float> rows = drawn(9, 3, 0);
  const Context context;
  const std::optional<float> whole = suggest_penalty(space, context, {rows.data(), 7, dim});
  std::fill_n(rows.begin() + 7 * dim, dim, 0.0f);
  rows[8 * dim] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(suggest_penalty(space, context, {rows.data(), 9, dim}), whole);
  EXPECT_EQ(suggest_penalty(space, context, {rows.data() + 7 * dim, 2, dim}), std::nullopt);
  EXPECT_EQ(suggest_penalty(space, context, {rows.data(), 0, dim}), std::nullopt);
  EXPECT_THROW(suggest_penalty(space, context, {rows.data(), 7, dim}, {}, {}, 0), ArgumentError);
}

TEST(ClassConcepts, AreTheNameOrItsWords) {
  const ConceptSpace space = space_of({"golden retriever", "golden", "retriever", "dog", "Dog"});
  const auto atoms = [&](const char* name) { return find_class_concepts(space, name).atoms; };
  EXPECT_EQ(atoms("Dog"), (std::vector<std::int32_t>{4}));
  EXPECT_EQ(atoms("DOG"), (std::vector<std::int32_t>{3}));
  EXPECT_EQ(atoms("Golden_Retriever"), (std::vector<std::int32_t>{0}));
  EXPECT_EQ(atoms("golden-dog house"), (std::vector<std::int32_t>{1, 3}));
  EXPECT_TRUE(atoms("cat").empty());
  EXPECT_TRUE(atoms("").empty());
  EXPECT_TRUE(std::isnan(kinship(space, 0, {})));
  EXPECT_NEAR(kinship(space, 3, {{0, 3}}), 1, 1e-6);
}

}  // namespace
}  // namespace splice_cuda
