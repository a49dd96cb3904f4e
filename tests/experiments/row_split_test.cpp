#include "splice_cuda/row_split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;

TEST(StratifiedSplit, TestsAShareOfEachClass) {
  std::vector<std::string> labels;
  for (int i = 0; i < 130; ++i) labels.emplace_back(i % 13 == 0 ? "rare" : i % 13 == 1 ? "" : "often");
  labels.emplace_back("single");
  const RowGroups classes = RowGroups::of(labels);
  std::vector<int> tested_at(labels.size(), 0);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<RowUse> uses = stratified_split(classes, 0.25, seed);
    std::map<std::string, int> tested;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      EXPECT_EQ(uses[i] == RowUse::none, labels[i].empty());
      if (uses[i] != RowUse::test) continue;
      ++tested[labels[i]];
      ++tested_at[i];
    }
    EXPECT_EQ(tested["rare"], 3) << "2.5 of 10, halves up";
    EXPECT_EQ(tested["often"], 28) << "27.5 of 110";
    EXPECT_EQ(tested["single"], 0) << "a class of one row is learnt";
    EXPECT_EQ(uses, stratified_split(classes, 0.25, seed));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {  // each row as often as another: 200 draws, 5 standard deviations
    if (labels[i] == "rare") {
      EXPECT_NEAR(tested_at[i], 60, 33);
    } else if (labels[i] == "often") {
      EXPECT_NEAR(tested_at[i], 200 * 28 / 110.0, 31);
    }
  }
}

TEST(StratifiedSplit, RefusesOtherShares) {
  const RowGroups classes = RowGroups::of(std::vector<std::string>{"a", "b"});
  for (const double share : {0.0, 1.0, -0.1, 2.0, std::nan("")}) EXPECT_THROW(stratified_split(classes, share, 0), ArgumentError);
}

TEST(NamedSplit, FollowsTheColumn) {
  const RowGroups splits = RowGroups::of(std::vector<std::string>{"train", "val", "", "test", "train"});
  EXPECT_THAT(named_split(splits, "train", "test"), ElementsAre(RowUse::train, RowUse::none, RowUse::none, RowUse::test, RowUse::train));
  EXPECT_THROW(named_split(splits, "train", "train"), ArgumentError);
  EXPECT_THROW(named_split(splits, "train", "dev"), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda
