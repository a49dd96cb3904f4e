#include "splice_cuda/modality_gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <numeric>

#include "random_rows.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/sample_mean.hpp"
#include "splice_cuda/pair_cosines.hpp"

namespace splice_cuda {
namespace {

using testing_rows::RandomRows;
using Matrix = std::vector<std::vector<double>>;

Matrix units(const RandomRows& rows, const std::vector<float>& mean = {}) {
  Matrix z;
  for (std::int64_t i = 0; i < rows.rows; ++i) z.push_back(rows.unit(i, mean));
  return z;
}

double within(const Matrix& z) {
  double sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    for (std::size_t j = 0; j < z.size(); ++j) sum += i == j ? 0 : RandomRows::product(z[i], z[j]);
  }
  return sum / static_cast<double>(z.size() * (z.size() - 1));
}

double between(const Matrix& x, const Matrix& t, bool unmatched) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < t.size(); ++j) {
      if (unmatched && i == j) continue;
      sum += RandomRows::product(x[i], t[j]);
      ++count;
    }
  }
  return sum / count;
}

double distance(const Matrix& x, const Matrix& t) {
  double square = 0;
  for (std::size_t k = 0; k < x[0].size(); ++k) {
    double difference = 0;
    for (const auto& row : x) difference += row[k] / static_cast<double>(x.size());
    for (const auto& row : t) difference -= row[k] / static_cast<double>(t.size());
    square += difference * difference;
  }
  return std::sqrt(square);
}

/// Jackknife by doing it: the figure computed again without each row.
double variance(std::size_t n, const std::function<double(std::size_t)>& without) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(without(i));
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares * static_cast<double>(n - 1) / static_cast<double>(n);
}

Matrix without(Matrix z, std::size_t row) {
  z.erase(z.begin() + static_cast<std::ptrdiff_t>(row));
  return z;
}

void check_paired(const ModalityGapStage& stage, const Matrix& x, const Matrix& t) {
  const std::size_t n = x.size();
  EXPECT_NEAR(stage.image_image.mean.value, within(x), 1e-12);
  EXPECT_NEAR(stage.image_image.mean.standard_error, std::sqrt(variance(n, [&](std::size_t i) { return within(without(x, i)); })), 1e-12);
  EXPECT_NEAR(stage.text_text.mean.value, within(t), 1e-12);
  EXPECT_NEAR(stage.image_text.mean.value, between(x, t, true), 1e-12);
  EXPECT_NEAR(stage.image_text.mean.standard_error,
              std::sqrt(variance(n, [&](std::size_t i) { return between(without(x, i), without(t, i), true); })), 1e-12);
  EXPECT_NEAR(stage.distance.value, distance(x, t), 1e-12);
  EXPECT_NEAR(stage.distance.standard_error,
              std::sqrt(variance(n, [&](std::size_t i) { return distance(without(x, i), without(t, i)); })), 1e-12);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += RandomRows::product(x[i], t[i]);
  EXPECT_NEAR(stage.matched.mean.value, sum / static_cast<double>(n), 1e-12);
}

TEST(ModalityGap, PairedIsWhatLoopsSay) {
  const RandomRows images(9, 6, 1), texts(9, 6, 2, -0.5f);
  const std::vector<float> image_mean = mean_direction(images.view());
  const std::vector<float> text_mean = mean_direction(texts.view());
  const ModalityGap gap = modality_gap(images.view(), texts.view(), image_mean, text_mean, true);
  check_paired(gap.raw, units(images), units(texts));
  check_paired(gap.centered, units(images, image_mean), units(texts, text_mean));
  EXPECT_EQ(gap.raw.image_image.pairs, 36);
  EXPECT_EQ(gap.raw.image_text.pairs, 72);
  EXPECT_EQ(gap.raw.matched.pairs, 9);
  EXPECT_LT(gap.centered.distance.value, gap.raw.distance.value / 2);
}

TEST(ModalityGap, UnpairedIsWhatLoopsSay) {
  const RandomRows images(7, 6, 3), texts(5, 6, 4, -0.5f);
  const ModalityGapStage stage = modality_gap(images.view(), texts.view(), {}, {}, false).raw;
  const Matrix x = units(images), t = units(texts);
  EXPECT_NEAR(stage.image_text.mean.value, between(x, t, false), 1e-12);
  EXPECT_NEAR(stage.image_text.mean.standard_error,
              std::sqrt(variance(7, [&](std::size_t i) { return between(without(x, i), t, false); }) +
                        variance(5, [&](std::size_t i) { return between(x, without(t, i), false); })), 1e-12);
  EXPECT_NEAR(stage.distance.standard_error, std::sqrt(variance(7, [&](std::size_t i) { return distance(without(x, i), t); }) +
                                                       variance(5, [&](std::size_t i) { return distance(x, without(t, i)); })), 1e-12);
  EXPECT_EQ(stage.matched.pairs, 0);
}

TEST(ModalityGap, CountsPairsInBins) {
  const RandomRows images(20, 4, 5), texts(20, 4, 6);
  ModalityGapOptions options;
  options.bins = 7;
  const ModalityGapStage exact = modality_gap(images.view(), texts.view(), {}, {}, true, options).raw;
  std::vector<std::int64_t> counts(7, 0);
  const Matrix x = units(images);
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t j = 0; j < i; ++j) ++counts[static_cast<std::size_t>((RandomRows::product(x[i], x[j]) + 1) * 3.5)];
  }
  EXPECT_EQ(exact.image_image.counts, counts);
  EXPECT_EQ(exact.image_image.drawn, 190);
  options.most_pairs = 100;
  const ModalityGapStage drawn = modality_gap(images.view(), texts.view(), {}, {}, true, options).raw;
  EXPECT_EQ(drawn.image_image.drawn, 100);
  EXPECT_EQ(drawn.image_image.mean.value, exact.image_image.mean.value);
  EXPECT_EQ(modality_gap(images.view(), texts.view(), {}, {}, true, options).raw.image_image.counts, drawn.image_image.counts);
}

TEST(ModalityGap, LeavesOutWhatHasNoDirection) {
  RandomRows images(6, 4, 7), texts(6, 4, 8);
  images.row(0)[1] = std::numeric_limits<float>::infinity();
  for (int k = 0; k < 4; ++k) texts.row(3)[k] = 0;
  EXPECT_EQ(modality_gap(images.view(), texts.view(), {}, {}, true).raw.images, 4);
  const ModalityGapStage apart = modality_gap(images.view(), texts.view(), {}, {}, false).raw;
  EXPECT_EQ(apart.images, 5);
  EXPECT_EQ(apart.texts, 5);
  EXPECT_TRUE(std::isfinite(apart.image_text.mean.value));
}

TEST(ModalityGap, ConstantRowsAreInTheirMean) {
  RandomRows images(5, 4, 9);
  for (std::int64_t i = 0; i < 5; ++i) {
    for (int k = 0; k < 4; ++k) images.row(i)[k] = static_cast<float>(k + 1) * static_cast<float>(i + 1);
  }
  const RandomRows texts(5, 4, 10);
  const std::vector<float> mean = mean_direction(images.view());
  const ModalityGap gap = modality_gap(images.view(), texts.view(), mean, mean_direction(texts.view()), false);
  EXPECT_EQ(gap.raw.images, 5);
  EXPECT_NEAR(gap.raw.image_image.mean.value, 1, 1e-6);
  EXPECT_EQ(gap.centered.images, 0);
  EXPECT_TRUE(std::isnan(gap.centered.distance.value));
}

TEST(ModalityGap, TakesNoneAndOne) {
  const RandomRows none(0, 4, 1), one(1, 4, 2);
  const ModalityGapStage empty = modality_gap(none.view(), none.view(), {}, {}, true).raw;
  EXPECT_TRUE(std::isnan(empty.image_text.mean.value));
  const ModalityGapStage single = modality_gap(one.view(), one.view(), {}, {}, true).raw;
  EXPECT_NEAR(single.matched.mean.value, 1, 1e-12);
  EXPECT_TRUE(std::isnan(single.matched.mean.standard_error));
  EXPECT_TRUE(std::isnan(single.image_image.mean.value));
  EXPECT_NEAR(single.distance.value, 0, 1e-12);
  EXPECT_THROW(modality_gap(one.view(), none.view(), {}, {}, true), ArgumentError);
  const std::vector<float> mean(4, 0.0f);
  EXPECT_THROW(modality_gap(one.view(), one.view(), mean, {}, true), ArgumentError);
}

TEST(PairCosines, AreThoseOfLoops) {
  RandomRows first(4, 5, 11);
  const RandomRows second(4, 5, 12);
  for (int k = 0; k < 5; ++k) first.row(2)[k] = 0;
  const std::vector<float> mean(5, 0.2f);
  const PairCosines cosines = pair_cosines(first.view(), second.view(), mean);
  EXPECT_TRUE(std::isnan(cosines.raw[2]));
  EXPECT_TRUE(std::isnan(cosines.centered[2]));
  for (const std::int64_t i : {0, 1, 3}) {
    EXPECT_NEAR(cosines.raw[static_cast<std::size_t>(i)], RandomRows::product(first.unit(i), second.unit(i)), 1e-12);
    EXPECT_NEAR(cosines.centered[static_cast<std::size_t>(i)], RandomRows::product(first.unit(i, mean), second.unit(i, mean)), 1e-12);
  }
  const SampleMean spread = sample_mean(cosines.raw);
  EXPECT_EQ(spread.count, 3);
}

TEST(ModalityGap, StopsWhenItIsToldTo) {
  std::vector<float> rows;
  for (int i = 0; i < 200; ++i) rows.push_back(static_cast<float>(1 + i % 7));
  const MatrixView<const float> view(rows.data(), 100, 2);
  ModalityGapOptions options;
  int asked = 0;
  options.cancel = [&] { return ++asked == 4; };  // 100 rows have 4,950 pairs: asked again among those of images
  EXPECT_THROW(modality_gap(view, view, {}, {}, false, options), CancelledError);
  EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace splice_cuda
