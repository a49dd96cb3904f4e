// Dictionary health against brute force, and against spectra that are known.

#include "splice_cuda/dictionary_health.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

ConceptSpace space_of(const std::vector<float>& atoms, std::int64_t dim) {
  return ConceptSpace::from_atoms(MatrixView<const float>{atoms.data(), static_cast<std::int64_t>(atoms.size()) / dim, dim});
}

double cosine(const float* a, const float* b, std::int64_t dim) {
  double ab = 0, aa = 0, bb = 0;
  for (std::int64_t k = 0; k < dim; ++k) {
    ab += static_cast<double>(a[k]) * static_cast<double>(b[k]);
    aa += static_cast<double>(a[k]) * static_cast<double>(a[k]);
    bb += static_cast<double>(b[k]) * static_cast<double>(b[k]);
  }
  return ab / std::sqrt(aa * bb);
}

class HealthOf : public ::testing::TestWithParam<std::int64_t> {};

/// Sizes below, at and beyond the blocks that are compared at once.
TEST_P(HealthOf, EqualsBruteForceWithAnyNumberOfThreads) {
  const SampleProblem sample = sample_problem(GetParam(), 9, 1, 151);
  const ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  std::vector<AtomPair> pairs;
  std::vector<double> nearest(static_cast<std::size_t>(sample.atoms), -2);
  for (std::int32_t i = 0; i < sample.atoms; ++i) {
    for (std::int32_t j = i + 1; j < sample.atoms; ++j) {
      const double value = cosine(space.atoms().as<float>().row(i), space.atoms().as<float>().row(j), 9);
      pairs.push_back({i, j, static_cast<float>(value)});
      for (const std::int32_t atom : {i, j}) {
        nearest[static_cast<std::size_t>(atom)] = std::max(nearest[static_cast<std::size_t>(atom)], value);
      }
    }
  }
  std::sort(nearest.begin(), nearest.end());
  std::sort(pairs.begin(), pairs.end(), [](const AtomPair& a, const AtomPair& b) { return a.cosine > b.cosine; });
  for (const int threads : {1, 3}) {
    const DictionaryHealth health = examine_dictionary(Context(Device::cpu(), {.threads = threads}), space, 5);
    EXPECT_NEAR(health.coherence, nearest.back(), 1e-6);
    for (std::size_t q = 0; q < 5; ++q) {
      EXPECT_NEAR(health.nearest_cosine_quantiles[q], nearest[(nearest.size() - 1) * q / 4], 1e-6) << "quantile " << q;
    }
    ASSERT_EQ(health.nearest_pairs.size(), std::min<std::size_t>(5, pairs.size()));
    for (std::size_t i = 0; i < health.nearest_pairs.size(); ++i) {
      const AtomPair& pair = health.nearest_pairs[i];
      EXPECT_NEAR(pair.cosine, pairs[i].cosine, 1e-6);
      EXPECT_LT(pair.first, pair.second);
      EXPECT_NEAR(pair.cosine, cosine(space.atoms().as<float>().row(pair.first), space.atoms().as<float>().row(pair.second), 9), 1e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, HealthOf, ::testing::Values(2, 3, 40, 512, 513, 1100));

TEST(DictionaryHealth, CountsEqualAndNonUnitAtoms) {
  const Context context;
  const DictionaryHealth health = examine_dictionary(context, space_of({1, 0,         //
                                                                        0, 1,         //
                                                                        1, 0,         // equal to the first
                                                                        2, 0,         // the same direction, not equal
                                                                        0.6f, 0.8f,   //
                                                                        0.6f, 0.81f,  // too long
                                                                        0, 1},        // equal to the second
                                                                       2));
  EXPECT_EQ(health.equal_atoms, 2);
  EXPECT_EQ(health.non_unit_atoms, 2);
  EXPECT_FLOAT_EQ(health.coherence, 1.0f);
}

/// d equal eigenvalues have the rank d; k directions among d have the rank k; unequal ones the entropy's exponential.
TEST(DictionaryHealth, EffectiveRankOfKnownSpectra) {
  const Context context;
  const std::vector<float> axes = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_NEAR(examine_dictionary(context, space_of(axes, 3)).effective_rank, 3, 1e-6);
  const std::vector<float> line = {1, 0, 0, -1, 0, 0, 5, 0, 0};
  EXPECT_NEAR(examine_dictionary(context, space_of(line, 3)).effective_rank, 1, 1e-6);
  const std::vector<float> three_to_one = {1, 0, -1, 0, 2, 0, 0, 1};  // shares 3/4 and 1/4
  const double entropy = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  EXPECT_NEAR(examine_dictionary(context, space_of(three_to_one, 2)).effective_rank, std::exp(entropy), 1e-6);
}

TEST(DictionaryHealth, OfOneAtomAndOfOppositeAtoms) {
  const Context context;
  const DictionaryHealth one = examine_dictionary(context, space_of({0, 1}, 2));
  EXPECT_EQ(one.coherence, 0.0f);
  EXPECT_TRUE(one.nearest_pairs.empty());
  EXPECT_NEAR(one.effective_rank, 1, 1e-9);
  const DictionaryHealth opposite = examine_dictionary(context, space_of({0, 1, 0, -1}, 2));
  EXPECT_FLOAT_EQ(opposite.coherence, -1.0f);
  EXPECT_FLOAT_EQ(opposite.nearest_cosine_quantiles[0], -1.0f);
}

TEST(DictionaryHealth, AsManyPairsAsWanted) {
  const Context context;
  const ConceptSpace space = space_of({1, 0, 0, 1, -1, 0}, 2);
  EXPECT_TRUE(examine_dictionary(context, space, 0).nearest_pairs.empty());
  EXPECT_EQ(examine_dictionary(context, space, 2).nearest_pairs.size(), 2u);
  EXPECT_EQ(examine_dictionary(context, space, 100).nearest_pairs.size(), 3u);
  EXPECT_THAT(argument_error([&] { examine_dictionary(context, space, -1); }),
              ::testing::HasSubstr("pairs: got -1, expected 0 or more"));
}

}  // namespace
}  // namespace splice_cuda::testing
