#include "splice_cuda/sparsity_curve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/random_numbers.hpp"
#include "experiments/seeded_random.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/random_dictionary.hpp"

namespace splice_cuda {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(ValueAt, InterpolatesBetweenPoints) {
  const std::vector<double> xs = {4, 1, 2, 2, nan};
  const std::vector<double> ys = {8, 1, 3, 5, 7};
  EXPECT_DOUBLE_EQ(value_at(xs, ys, 1), 1);
  EXPECT_DOUBLE_EQ(value_at(xs, ys, 2), 4);  // the mean of two
  EXPECT_DOUBLE_EQ(value_at(xs, ys, 3), 6);
  EXPECT_DOUBLE_EQ(value_at(xs, ys, 1.5), 2.5);
  EXPECT_TRUE(std::isnan(value_at(xs, ys, 0.5)));
  EXPECT_TRUE(std::isnan(value_at(xs, ys, 4.5)));
  EXPECT_TRUE(std::isnan(value_at({}, {}, 1)));
}

/// Orthogonal atoms: codes are soft thresholds, so that every figure is known.
struct Axes {
  std::vector<float> atoms = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  ConceptSpace space = ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), 3, 3), {"x", "y", "z"});
  ZeroShotClassifier classes{{"x", "y", "z"}, MatrixView<const float>(atoms.data(), 3, 3)};
  // Unit rows: mostly x; x before y by little; of zeros; NaN; negative x beside z.
  std::vector<float> rows = {0.96f, 0.28f, 0, 0.8f, 0.6f, 0, 0, 0, 0, static_cast<float>(nan), 0, 0, -0.8f, 0, 0.6f};
  MatrixView<const float> view() const { return {rows.data(), 5, 3}; }
};

TEST(SparsityCurve, CountsByHand) {
  const Axes axes;
  SparsityCurve curve(axes.space, {{1.0f, 0.2f}, {}}, {}, {}, &axes.classes);
  const std::vector<std::int32_t> truth = {0, 1, 0, 0, -1};
  curve.add(Context(), axes.view(), truth);
  ASSERT_EQ(curve.points().size(), 2u);
  EXPECT_EQ(curve.rows(), 5);
  EXPECT_EQ(curve.left_out(), 2);
  // lambda 0.5: codes (0.46), (0.3, 0.1), (z 0.1).
  const CurvePoint& sparse = curve.points()[0];
  EXPECT_EQ(sparse.l0.count, 3);
  EXPECT_DOUBLE_EQ(sparse.l0.mean, 4.0 / 3);
  EXPECT_NEAR(sparse.cosine.mean, (0.96 + (0.8 * 0.3 + 0.6 * 0.1) / std::hypot(0.3, 0.1) + 0.6) / 3, 1e-6);
  EXPECT_EQ(sparse.accuracy.count, 2);  // the row without a class has no part
  EXPECT_EQ(sparse.accuracy.hits, 1);
  EXPECT_DOUBLE_EQ(sparse.l1_penalty.mean, 1);
  EXPECT_EQ(sparse.empty, 0);
  EXPECT_EQ(sparse.uncertified, 0);
  // lambda 0.1: codes (0.86, 0.18), (0.7, 0.5), (z 0.5).
  EXPECT_DOUBLE_EQ(curve.points()[1].l0.mean, 5.0 / 3);
}

TEST(SparsityCurve, SignedWeightsKeepWhatIsNegative) {
  const Axes axes;
  DecomposeOptions options;
  options.nonnegative = false;
  SparsityCurve curve(axes.space, {{1.0f}, {}}, options, {}, nullptr);
  curve.add(Context(), axes.view(), {});
  EXPECT_DOUBLE_EQ(curve.points()[0].l0.mean, 5.0 / 3);
  EXPECT_EQ(curve.points()[0].accuracy.count, 0);
}

TEST(SparsityCurve, MeetsTargets) {
  const Axes axes;
  SparsityCurve curve(axes.space, {{}, {1, 2}}, {}, {}, &axes.classes);
  const std::vector<std::int32_t> truth = {0, 1, 0, 0, 2};
  curve.add(Context(), axes.view(), truth);
  EXPECT_DOUBLE_EQ(curve.points()[0].l0.mean, 1);
  EXPECT_NEAR(curve.points()[0].cosine.mean, (0.96 + 0.8 + 0.6) / 3, 1e-6);
  EXPECT_EQ(curve.points()[0].accuracy.hits, 2);
  EXPECT_DOUBLE_EQ(curve.points()[1].l0.mean, 5.0 / 3);
}

TEST(SparsityCurve, CountsEmptyCodes) {
  const Axes axes;
  SparsityCurve curve(axes.space, {{1.8f}, {}}, {}, {}, &axes.classes);
  const std::vector<std::int32_t> truth = {0, 1, 0, 0, 2};
  curve.add(Context(), axes.view(), truth);
  EXPECT_EQ(curve.points()[0].empty, 2);
  EXPECT_EQ(curve.points()[0].accuracy.count, 3);  // an embedding of nothing is a wrong answer
  EXPECT_EQ(curve.points()[0].accuracy.hits, 1);
}

TEST(SparsityCurve, DenseAnswersPassOverWhatPointsPassOver) {
  const Axes axes;
  Proportion dense;
  const std::vector<std::int32_t> truth = {0, 1, 0, 0, -1};  // the third row is zero, the fourth holds NaN
  add_answers(axes.classes, axes.view(), truth, dense);
  EXPECT_EQ(dense.count, 2);
  EXPECT_EQ(dense.hits, 1);
}

TEST(SparsityCurve, NamesWhatIsWrong) {
  const Axes axes;
  EXPECT_THROW(SparsityCurve(axes.space, {}, {}, {}, nullptr), ArgumentError);
  EXPECT_THROW(SparsityCurve(axes.space, {{0.3f}, {3}}, {}, {}, nullptr), ArgumentError);
  const std::vector<float> short_rows = {1, 0, 0, 1};
  const ZeroShotClassifier other({"a", "b"}, MatrixView<const float>(short_rows.data(), 2, 2));
  EXPECT_THROW(SparsityCurve(axes.space, {{0.3f}, {}}, {}, {}, &other), ArgumentError);
}

TEST(UncenteredSpace, GivesBackTheUnitTexts) {
  SeededRandom random(3);
  std::vector<float> text(40 * 16);
  for (float& value : text) value = static_cast<float>(random.normal() + 1.5);
  std::vector<std::string> names;
  for (int j = 0; j < 40; ++j) names.push_back("c" + std::to_string(j));
  ConceptSpace space = ConceptSpace::build(MatrixView<const float>(text.data(), 40, 16), names);
  space.set_image_mean(std::vector<float>(16, 0.1f));
  const ConceptSpace back = uncentered_space(space);
  EXPECT_TRUE(back.image_mean().empty());
  EXPECT_EQ(back.names(), space.names());
  std::vector<float> atoms(text.size());
  back.read_atoms(0, {atoms.data(), 40, 16});
  for (std::size_t j = 0; j < 40; ++j) {
    double square = 0;
    for (std::size_t k = 0; k < 16; ++k) square += static_cast<double>(text[j * 16 + k]) * static_cast<double>(text[j * 16 + k]);
    for (std::size_t k = 0; k < 16; ++k) EXPECT_NEAR(atoms[j * 16 + k], static_cast<double>(text[j * 16 + k]) / std::sqrt(square), 2e-6);
  }
}

TEST(RandomAtoms, AreUnitAndTheSameForASeed) {
  const std::vector<float> atoms = random_atoms(500, 8, 1);
  EXPECT_EQ(atoms, random_atoms(500, 8, 1));
  EXPECT_NE(atoms, random_atoms(500, 8, 2));
  std::vector<double> mean(8, 0.0);
  for (std::size_t j = 0; j < 500; ++j) {
    double square = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      const auto value = static_cast<double>(atoms[j * 8 + k]);
      square += value * value;
      mean[k] += value / 500;
    }
    EXPECT_NEAR(square, 1, 1e-6);
  }
  for (const double value : mean) EXPECT_LT(std::abs(value), 4 / std::sqrt(8.0 * 500));
  EXPECT_THROW(random_atoms(0, 8, 1), ArgumentError);
  EXPECT_THROW(random_atoms(1, 70000, 1), ArgumentError);
}

/// The command draws them in blocks.
TEST(RandomAtoms, GoOnWhereOthersEnded) {
  const std::vector<float> atoms = random_atoms(30, 8, 1);
  const std::vector<float> last = random_atoms(10, 8, 1 + std::uint64_t{2 * 20 * 8} * SplitMix64::step);
  EXPECT_TRUE(std::equal(last.begin(), last.end(), atoms.begin() + 20 * 8));
}

TEST(RandomAtoms, OfALikeSpectrumLieInItsSpan) {
  // Atoms in the plane of the first two of four axes, mostly along the first.
  SeededRandom random(4);
  std::vector<float> plane(300 * 4, 0.0f);
  for (std::size_t j = 0; j < 300; ++j) {
    const double angle = 0.3 * random.normal() + (j % 2 == 0 ? 0 : std::numbers::pi);
    plane[j * 4] = static_cast<float>(std::cos(angle));
    plane[j * 4 + 1] = static_cast<float>(std::sin(angle));
  }
  const ConceptSpace like = ConceptSpace::from_atoms(MatrixView<const float>(plane.data(), 300, 4));
  const std::vector<float> atoms = random_atoms_like(like, 1000, 5);
  double along_first = 0;
  double along_second = 0;
  for (std::size_t j = 0; j < 1000; ++j) {
    along_first += std::pow(static_cast<double>(atoms[j * 4]), 2) / 1000;
    along_second += std::pow(static_cast<double>(atoms[j * 4 + 1]), 2) / 1000;
    EXPECT_EQ(atoms[j * 4 + 2], 0);
  }
  EXPECT_NEAR(along_first + along_second, 1, 1e-6);
  // Normal with variances 0.92 and 0.08 before scaling: E[s1^2 / |s|^2] = sqrt(0.92) / (sqrt(0.92) + sqrt(0.08)).
  EXPECT_NEAR(along_first, std::sqrt(0.92) / (std::sqrt(0.92) + std::sqrt(0.08)), 0.04);
}

}  // namespace
}  // namespace splice_cuda
