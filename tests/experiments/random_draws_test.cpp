#include "experiments/random_draws.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

TEST(RandomDraws, SamplesAreDifferentAndAscend) {
  RandomBits random(1);
  std::vector<int> hits(20, 0);
  for (int round = 0; round < 4000; ++round) {
    const std::vector<std::int64_t> sample = draw_sample(random, 20, 5);
    ASSERT_EQ(sample.size(), 5u);
    for (std::size_t i = 1; i < 5; ++i) ASSERT_LT(sample[i - 1], sample[i]);
    for (const std::int64_t number : sample) ++hits[static_cast<std::size_t>(number)];
  }
  for (const int count : hits) EXPECT_NEAR(count, 1000, 150);  // 5 sigma
  EXPECT_THAT(draw_sample(random, 3, 9), testing::ElementsAre(0, 1, 2));
  EXPECT_TRUE(draw_sample(random, 0, 4).empty());
}

TEST(RandomDraws, ACycleMovesAll) {
  RandomBits random(2);
  for (std::int64_t n = 2; n < 40; ++n) {
    const std::vector<std::int64_t> next = draw_cycle(random, n);
    std::set<std::int64_t> seen;
    for (std::int64_t at = 0; seen.insert(at).second;) at = next[static_cast<std::size_t>(at)];
    EXPECT_EQ(static_cast<std::int64_t>(seen.size()), n);
  }
  EXPECT_THAT(draw_cycle(random, 1), testing::ElementsAre(0));
  EXPECT_TRUE(draw_cycle(random, 0).empty());
}

TEST(RandomDraws, PairsAreDifferent) {
  RandomBits random(3);
  for (const std::int64_t pairs : {0, 1, 10, 45, 100}) {
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    for (const DrawnPair& pair : draw_pairs(random, 10, pairs)) {
      ASSERT_NE(pair.first, pair.second);
      ASSERT_TRUE(std::min(pair.first, pair.second) >= 0 && std::max(pair.first, pair.second) < 10);
      seen.emplace(std::min(pair.first, pair.second), std::max(pair.first, pair.second));
    }
    EXPECT_EQ(static_cast<std::int64_t>(seen.size()), std::min<std::int64_t>(pairs, 45));
  }
  EXPECT_TRUE(draw_pairs(random, 1, 5).empty());
  const std::vector<DrawnPair> far = draw_pairs(random, 1000000000, 50);
  for (const DrawnPair& pair : far) EXPECT_TRUE(pair.first >= 0 && pair.first < 1000000000 && pair.second >= 0 && pair.second < 1000000000);
}

TEST(RandomDraws, CanBeStopped) {
  int asked = 0;
  const auto stop = [&] { return ++asked > 2; };
  RandomBits random(4);
  EXPECT_THROW(draw_sample(random, 10000000, 1000000, stop), CancelledError);
  EXPECT_EQ(asked, 3);
  EXPECT_THROW(draw_pairs(random, 10000, 1000000, stop), CancelledError);
}

TEST(RandomDraws, AreTheSameWhereNobodyStopsThem) {
  RandomBits random(5), asked(5);
  EXPECT_EQ(draw_sample(random, 1000000, 100000), draw_sample(asked, 1000000, 100000, [] { return false; }));
}

}  // namespace
}  // namespace splice_cuda
