#include "splice_cuda/record_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RecordTable, KeepsColumnsInOrder) {
  RecordTable table;
  table.set("path", {"a.png", "b.png"});
  table.set("label", {"cat", "dog"});
  EXPECT_EQ(table.rows(), 2);
  EXPECT_THAT(table.names(), ElementsAre("path", "label"));
  EXPECT_THAT(table.column("label"), ElementsAre("cat", "dog"));
  table.set("label", {"dog", "cat"});
  EXPECT_THAT(table.column("label"), ElementsAre("dog", "cat"));
}

TEST(RecordTable, NamesWhatIsWrong) {
  RecordTable table;
  table.set("path", {"a.png", "b.png"});
  EXPECT_THROW(table.set("label", {"cat"}), ArgumentError);
  try {
    table.column("class");
    FAIL();
  } catch (const ArgumentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'class'"));
    EXPECT_THAT(error.what(), HasSubstr("'path'"));
  }
}

TEST(RowGroups, SortsByName) {
  const std::vector<std::string> labels = {"dog", "cat", "", "dog", "ant"};
  const RowGroups groups = RowGroups::of(labels);
  EXPECT_THAT(groups.names, ElementsAre("ant", "cat", "dog"));
  EXPECT_THAT(groups.of_row, ElementsAre(2, 1, -1, 2, 0));
  EXPECT_THAT(groups.counts(), ElementsAre(1, 1, 2));
  EXPECT_EQ(groups.at("dog"), 2);
  EXPECT_THROW(groups.at("cow"), ArgumentError);
}

TEST(RowGroups, SortsWholeNumbersAsNumbers) {
  const std::vector<std::string> years = {"2012", "998", "2001"};
  EXPECT_THAT(RowGroups::of(years).names, ElementsAre("998", "2001", "2012"));
  const std::vector<std::string> mixed = {"2012", "998", "later"};
  EXPECT_THAT(RowGroups::of(mixed).names, ElementsAre("2012", "998", "later"));
  EXPECT_EQ(RowGroups::of({}).size(), 0);
}

}  // namespace
}  // namespace splice_cuda
