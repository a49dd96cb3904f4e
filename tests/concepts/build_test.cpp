// ConceptSpace::build: the paper's centring worked out by hand, and every reason to drop a line.

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "support/special_numbers.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ConceptSpace build(const std::vector<float>& values, const std::vector<std::string>& names, std::int64_t dim,
                   const BuildOptions& options = {}, DroppedConcepts* dropped = nullptr) {
  return ConceptSpace::build(
      MatrixView<const float>{values.data(), static_cast<std::int64_t>(values.size()) / dim, dim}, names, options, dropped);
}

/// (3, 0) and (0, 0.5): unit (1, 0) and (0, 1), mean (1/2, 1/2), centred (1/2, -1/2) and (-1/2, 1/2), unit again.
TEST(BuildSpace, CentresAsWorkedOutByHand) {
  DroppedConcepts dropped;
  const ConceptSpace space = build({3, 0, 0, 0.5f}, {"right", "up"}, 2, {}, &dropped);
  const float root = std::sqrt(0.5f);
  ASSERT_EQ(space.size(), 2);
  ASSERT_EQ(space.dim(), 2);
  EXPECT_THAT(space.text_mean(), ElementsAre(0.5f, 0.5f));
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(0)[0], root);
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(0)[1], -root);
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(1)[0], -root);
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(1)[1], root);
  EXPECT_THAT(space.names(), ElementsAre("right", "up"));
  EXPECT_THAT(space.image_mean(), IsEmpty());
  EXPECT_THAT(dropped.zero_embedding, IsEmpty());
}

TEST(BuildSpace, WithoutCentringOnlyNormalises) {
  const ConceptSpace space = build({3, 4, 0, -2}, {"a", "b"}, 2, {.center = false});
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(0)[0], 0.6f);
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(0)[1], 0.8f);
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(1)[1], -1.0f);
  EXPECT_THAT(space.text_mean(), IsEmpty());
}

TEST(BuildSpace, ReadsRowsByTheirLeadingDimension) {
  const std::vector<float> padded = {3, 4, nan, 0, -2, nan};
  const ConceptSpace space = ConceptSpace::build(MatrixView<const float>{padded.data(), 2, 2, 3}, {"a", "b"}, {.center = false});
  EXPECT_FLOAT_EQ(space.atoms().as<float>().row(1)[1], -1.0f);
}

/// Each of the five reasons once or twice, told by line; what is left is what the good lines alone would give.
TEST(BuildSpace, DropsLinesAndSaysWhich) {
  const std::vector<std::string> names = {"cat", "", "dog", "cat", " \t", "null", "nan", "cow", "inf", "kitten"};
  const std::vector<float> values = {1, 0, 0,    //
                                     0, 1, 1,    // no name
                                     0, 1, 0,    //
                                     5, 5, 5,    // a name again
                                     1, 1, 1,    // blank
                                     0, 0, 0,    // no direction
                                     1, nan, 0,  //
                                     0, 0, 2,    //
                                     1, 0, inf,  //
                                     7, 0, 0};   // the cat's vector but for its length
  DroppedConcepts dropped;
  const ConceptSpace space = build(values, names, 3, {.center = false}, &dropped);
  EXPECT_THAT(space.names(), ElementsAre("cat", "dog", "cow"));
  EXPECT_THAT(dropped.empty_name, ElementsAre(1, 4));
  EXPECT_THAT(dropped.duplicate_name, ElementsAre(3));
  EXPECT_THAT(dropped.zero_embedding, ElementsAre(5));
  EXPECT_THAT(dropped.non_finite, ElementsAre(6, 8));
  EXPECT_THAT(dropped.duplicate_vector, ElementsAre(9));
}

/// Lines that drop out before the mean have no part in it.
TEST(BuildSpace, TheMeanIsOfUsableLines) {
  const ConceptSpace clean = build({1, 0, 0, 1}, {"a", "b"}, 2);
  const ConceptSpace soiled = build({1, 0, nan, 9, 0, 0, 0, 1, 9, 9}, {"a", "x", "y", "b", ""}, 2);
  EXPECT_EQ(soiled.text_mean(), clean.text_mean());
  EXPECT_EQ(soiled.names(), clean.names());
}

/// A lone direction is its own mean: nothing is left of it, nor of its multiples.
TEST(BuildSpace, RowsEqualToTheMeanAreDroppedAsZero) {
  DroppedConcepts dropped;
  EXPECT_THAT(argument_error([] { build({2, 1}, {"alone"}, 2); }), HasSubstr("1 rows of which none is usable"));
  EXPECT_THAT(argument_error([&] { build({2, 1, 0, 0, 4, 2}, {"a", "zero", "b"}, 2, {}, &dropped); }),
              HasSubstr("3 rows of which none is usable"));
  EXPECT_THAT(dropped.zero_embedding, ElementsAre(0, 1, 2)) << "for either reason, in order";
}

TEST(BuildSpace, LastKeepsTheEndOfTheList) {
  const std::vector<float> values = {1, 0, 0, 1, -1, 0, 0, -1};
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  EXPECT_THAT(build(values, names, 2, {.last = 2}).names(), ElementsAre("c", "d"));
  EXPECT_THAT(build(values, names, 2, {.last = 4}).names(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(build(values, names, 2, {.last = 99}).names(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(build(values, names, 2, {.last = 2}).text_mean(), ElementsAre(-0.5f, -0.5f));
  DroppedConcepts dropped;
  EXPECT_THAT(build(values, {"a", "b", "a", ""}, 2, {.center = false, .last = 2}, &dropped).names(), ElementsAre("a"));
  EXPECT_THAT(dropped.empty_name, ElementsAre(3)) << "by line of the whole list";
  EXPECT_THAT(dropped.duplicate_name, IsEmpty()) << "the earlier line is not of the last ones";
}

TEST(BuildSpace, RefusesWhatDoesNotFit) {
  const std::vector<float> values = {1, 0, 0, 1};
  EXPECT_THAT(argument_error([&] { build(values, {"a"}, 2); }),
              ::testing::AllOf(HasSubstr("names: got 1 names"), HasSubstr("one a row of text_embeddings, 2")));
  EXPECT_THAT(argument_error([&] { build(values, {"a", "b", "c"}, 2); }), HasSubstr("names: got 3 names"));
  EXPECT_THAT(argument_error([&] { build(values, {"a", "b"}, 2, {.last = -1}); }),
              ::testing::AllOf(HasSubstr("last: got -1"), HasSubstr("0 (all) or more")));
  EXPECT_THAT(argument_error([&] { build(values, {"a", "caf\xe9"}, 2); }),
              ::testing::AllOf(HasSubstr("names: got line 1"), HasSubstr("UTF-8")));
  EXPECT_THAT(argument_error([&] { build({}, {}, 2); }), HasSubstr("0 rows of which none is usable"));
  EXPECT_THAT(argument_error([&] { build({nan, 0, 0, 0}, {"a", "b"}, 2); }), HasSubstr("2 rows of which none is usable"));
  EXPECT_THAT(argument_error([&] {
                ConceptSpace::build(MatrixView<const float>{values.data(), 2, 2, 1}, {"a", "b"});
              }),
              HasSubstr("text_embeddings: got leading dimension 1"));
  EXPECT_THAT(argument_error([&] {
                ConceptSpace::build(MatrixView<const float>{values.data(), 2, 2, 2, Device::cuda(0)}, {"a", "b"});
              }),
              HasSubstr("text_embeddings: got data on cuda:0"));
}

}  // namespace
}  // namespace splice_cuda::testing
