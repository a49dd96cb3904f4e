#include "splice_cuda/zero_shot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;

// Lengths differ by far: only directions count.
const std::vector<float> three_rows = {3, 0, 0, 4e-20f, 0, 0.5f};
ZeroShotClassifier three_classes() { return {{"east", "north-east", "north"}, MatrixView<const float>(three_rows.data(), 3, 2)}; }

TEST(ZeroShot, LogitsAreCosines) {
  const std::vector<float> rows = {1, 0, 1, 1, 0, 2};
  const ZeroShotClassifier classifier({"a", "b", "c"}, MatrixView<const float>(rows.data(), 3, 2));
  std::vector<double> logits(3);
  const std::vector<float> row = {30, 40};
  ASSERT_TRUE(classifier.logits(row, logits));
  EXPECT_NEAR(logits[0], 0.6, 1e-12);
  EXPECT_NEAR(logits[1], 1.4 / std::sqrt(2), 1e-12);
  EXPECT_NEAR(logits[2], 0.8, 1e-12);
  EXPECT_THAT(largest_indices(logits, 2), ElementsAre(1, 2));
}

TEST(ZeroShot, RowsAreReadWithTheirLeadingDimension) {
  const std::vector<float> rows = {1, 0, 99, 0, 1, 99};
  const ZeroShotClassifier classifier({"a", "b"}, MatrixView<const float>(rows.data(), 2, 2, 3));
  std::vector<double> logits(2);
  ASSERT_TRUE(classifier.logits(std::vector<float>{0, 5}, logits));
  EXPECT_THAT(logits, ElementsAre(0, 1));
}

TEST(ZeroShot, RowsWithoutDirectionAreTold) {
  const ZeroShotClassifier classifier = three_classes();
  std::vector<double> logits(3, 7);
  for (const float bad : {0.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EXPECT_FALSE(classifier.logits(std::vector<float>{bad, 0}, logits));
    EXPECT_THAT(logits, ElementsAre(0, 0, 0));
  }
  EXPECT_TRUE(classifier.logits(std::vector<float>{std::numeric_limits<float>::max(), std::numeric_limits<float>::max()}, logits));
  EXPECT_NEAR(logits[0], std::sqrt(0.5), 1e-12);
}

TEST(ZeroShot, RefusesClassesThatAreNone) {
  const std::vector<float> rows = {1, 0, 0, 0};
  const auto make = [&](std::vector<std::string> names, std::int64_t count) {
    return ZeroShotClassifier(std::move(names), MatrixView<const float>(rows.data(), count, 2));
  };
  EXPECT_THROW(make({"a", "b"}, 2), ArgumentError) << "a zero row";
  EXPECT_THROW(make({"a"}, 1), ArgumentError) << "one class";
  EXPECT_THROW(make({"a", "b", "c"}, 2), ArgumentError) << "three names";
  EXPECT_THROW(ZeroShotClassifier({"a", "a"}, MatrixView<const float>(three_rows.data(), 2, 2)), ArgumentError) << "a name twice";
  std::vector<double> logits(3);
  EXPECT_THROW(three_classes().logits(std::vector<float>{1, 2, 3}, logits), ArgumentError);
  EXPECT_THROW(three_classes().logits(std::vector<float>{1, 2}, std::span(logits).first(2)), ArgumentError);
}

TEST(ZeroShot, TiesGoToTheLowestClass) {
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(largest_indices(std::vector<double>{1, 3, 3, not_a_number, 2, 3}, 4), ElementsAre(1, 2, 5, 4));
  EXPECT_THAT(largest_indices(std::vector<double>{not_a_number, 1}, 9), ElementsAre(1, 0));
  EXPECT_TRUE(largest_indices({}, 3).empty());
}

TEST(ClassificationTally, CountsAnswers) {
  ClassificationTally tally(3, 2);
  tally.add(0, std::vector<std::int32_t>{0, 1, 2});
  tally.add(0, std::vector<std::int32_t>{1, 0, 2});
  tally.add(0, std::vector<std::int32_t>{1, 2, 0});
  tally.add(1, 1);
  EXPECT_EQ(tally.accuracy().count, 4);
  EXPECT_EQ(tally.accuracy().hits, 2);
  EXPECT_DOUBLE_EQ(tally.accuracy().value(), 0.5);
  EXPECT_DOUBLE_EQ(tally.accuracy().standard_error(), 0.25);
  EXPECT_EQ(tally.top_accuracy().hits, 3);
  EXPECT_EQ(tally.confusions(0, 1), 2);
  EXPECT_EQ(tally.confusions(1, 0), 0);
  EXPECT_EQ(tally.of_class(0).hits, 1);
  EXPECT_DOUBLE_EQ(tally.balanced_accuracy(), (1.0 / 3 + 1) / 2);
  EXPECT_TRUE(std::isnan(tally.of_class(2).value())) << "a class without rows";
  EXPECT_TRUE(std::isnan(tally.of_class(1).standard_error())) << "a class of one row";
}

TEST(ClassificationTally, RefusesClassesThatAreNotThere) {
  ClassificationTally tally(3);
  EXPECT_THROW(tally.add(3, 0), ArgumentError);
  EXPECT_THROW(tally.add(-1, 0), ArgumentError);
  EXPECT_THROW(tally.add(0, 3), ArgumentError);
  EXPECT_THROW(tally.add(0, std::span<const std::int32_t>{}), ArgumentError);
  EXPECT_THROW(ClassificationTally(0), ArgumentError);
  EXPECT_THROW(ClassificationTally(2, 0), ArgumentError);
  EXPECT_TRUE(std::isnan(tally.accuracy().value()));
  EXPECT_TRUE(std::isnan(tally.balanced_accuracy()));
}

TEST(ClassificationTally, RowsWithoutAnAnswerAreWrong) {
  ClassificationTally tally(2, 2);
  tally.add(0, 0);
  tally.add_unanswered(0);
  EXPECT_EQ(tally.accuracy().count, 2);
  EXPECT_EQ(tally.accuracy().hits, 1);
  EXPECT_EQ(tally.top_accuracy().hits, 1);  // not even where every class is among the first
  EXPECT_EQ(tally.confusions(0, 1), 0);
  EXPECT_TRUE(tally.errors().empty());
  EXPECT_THROW(tally.add_unanswered(2), ArgumentError);
  EXPECT_THROW(tally.add_unanswered(-1), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda
