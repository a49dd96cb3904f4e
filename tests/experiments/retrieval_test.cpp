#include "splice_cuda/retrieval.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "random_rows.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing_rows::RandomRows;

TEST(Retrieval, RanksAreThoseOfASort) {
  const RandomRows images(30, 5, 1, 0.0f), texts(30, 5, 2, 0.0f);
  const BatchRanks ranks = rank_batch(images.view(), texts.view());
  for (std::int64_t i = 0; i < 30; ++i) {
    std::vector<std::pair<double, std::int64_t>> to_text, to_image;
    for (std::int64_t j = 0; j < 30; ++j) {
      to_text.emplace_back(-RandomRows::product(images.unit(i), texts.unit(j)), j);
      to_image.emplace_back(-RandomRows::product(images.unit(j), texts.unit(i)), j);
    }
    const auto place = [&](std::vector<std::pair<double, std::int64_t>>& list) {
      std::sort(list.begin(), list.end());
      return std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.second == i; }) - list.begin();
    };
    EXPECT_EQ(ranks.image_to_text[static_cast<std::size_t>(i)].greater, place(to_text));
    EXPECT_EQ(ranks.text_to_image[static_cast<std::size_t>(i)].greater, place(to_image));
    EXPECT_EQ(ranks.image_to_text[static_cast<std::size_t>(i)].equal, 0);
  }
}

TEST(Retrieval, EqualsShareTheirPlaces) {
  EXPECT_EQ(hit_chance({0, 0}, 1), 1);
  EXPECT_EQ(hit_chance({1, 0}, 1), 0);
  EXPECT_DOUBLE_EQ(hit_chance({0, 3}, 1), 0.25);
  EXPECT_DOUBLE_EQ(hit_chance({3, 3}, 5), 0.5);
  EXPECT_DOUBLE_EQ(hit_chance({3, 3}, 10), 1);
  // All alike: each place is as likely, so recall at k is k / n.
  RandomRows images(20, 3, 1), texts(20, 3, 2);
  for (std::int64_t i = 0; i < 20; ++i) {
    std::copy_n(texts.row(0), 3, texts.row(i));
    std::copy_n(images.row(0), 3, images.row(i));
  }
  RetrievalTally tally;
  tally.add(rank_batch(images.view(), texts.view()));
  for (const std::int64_t k : RetrievalTally::ks) {
    EXPECT_DOUBLE_EQ(tally.image_to_text(k).mean, static_cast<double>(k) / 20);
    EXPECT_DOUBLE_EQ(tally.text_to_image(k).mean, static_cast<double>(k) / 20);
  }
}

TEST(Retrieval, ZeroRowsHaveTheRankOfChance) {
  RandomRows images(8, 3, 1);
  const RandomRows texts(8, 3, 2);
  std::fill(images.values.begin(), images.values.end(), 0.0f);
  EXPECT_EQ(rank_batch(images.view(), texts.view()).image_to_text[3].equal, 7);
  images.row(2)[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(rank_batch(images.view(), texts.view()), ArgumentError);
}

TEST(Retrieval, OneFindsItself) {
  const RandomRows one(1, 3, 1), none(0, 3, 1);
  RetrievalTally tally;
  tally.add(rank_batch(none.view(), none.view()));
  EXPECT_EQ(tally.rows(), 0);
  EXPECT_EQ(tally.image_to_text(1).count, 0);
  tally.add(rank_batch(one.view(), one.view()));
  EXPECT_EQ(tally.image_to_text(1).mean, 1);
  EXPECT_TRUE(std::isnan(tally.image_to_text(1).standard_error));
}

TEST(RankBatch, StopsWhenItIsToldTo) {
  const std::vector<float> rows = {1, 0, 0, 1};
  const MatrixView<const float> view(rows.data(), 2, 2);
  int asked = 0;
  EXPECT_THROW(rank_batch(view, view, [&] { return ++asked == 2; }), CancelledError);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace splice_cuda
