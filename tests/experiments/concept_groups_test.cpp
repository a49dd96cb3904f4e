#include "splice_cuda/concept_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Unit vectors of the plane at these angles in degrees, twice as long as they should be: cosines must not depend on it.
ConceptSpace plane() {
  const std::vector<std::string> names = {"night", "dark", "dark night", "nightmare", "day", "night sky red"};
  const std::vector<double> angles = {0, 20, 50, 39, 90, 120};
  std::vector<float> atoms;
  for (const double angle : angles) {
    const double radians = angle * std::acos(-1.0) / 180;
    atoms.push_back(static_cast<float>(2 * std::cos(radians)));
    atoms.push_back(static_cast<float>(2 * std::sin(radians)));
  }
  return ConceptSpace::from_atoms(MatrixView<const float>{atoms.data(), 6, 2}, names);
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ConceptGroups, ParsesNamesAndConcepts) {
  const ConceptGroupText group = parse_concept_group(" sea side = water ,deep sea,a=b");
  EXPECT_EQ(group.name, "sea side");
  EXPECT_THAT(group.concepts, ElementsAre("water", "deep sea", "a=b"));
  for (const char* wrong : {"water", "=water", "sea=", "sea=water,,ice", "sea=water,", " =water", ""}) {
    EXPECT_THAT(message_of([&] { parse_concept_group(wrong); }), HasSubstr("NAME=concept")) << wrong;
  }
}

TEST(ConceptGroups, HoldsNamedConceptsOnceInOrder) {
  const ConceptGroup group = make_concept_group(plane(), "g", {"day", "night", "day"});
  EXPECT_THAT(group.atoms(), ElementsAre(0, 4));
  EXPECT_EQ(group.members[1].by, "day");
}

TEST(ConceptGroups, OffersNearestNames) {
  const std::string message = message_of([] { make_concept_group(plane(), "sleep", {"day", "nigth"}); });
  EXPECT_THAT(message, HasSubstr("'sleep'"));
  EXPECT_THAT(message, HasSubstr("nigth"));
  EXPECT_THAT(message, HasSubstr("nearest: night"));
}

TEST(ConceptGroups, DrawsInSynonymsOfTheNamedOnly) {
  const double least = std::cos(std::acos(-1.0) * 40 / 180);
  const ConceptGroup group = make_concept_group(plane(), "g", {"night"}, {least, false});
  // "dark night" is within 40 degrees of the synonym "dark", but not of "night".
  EXPECT_THAT(group.atoms(), ElementsAre(0, 1, 3));
  EXPECT_EQ(group.members[1].origin, MemberOrigin::synonym);
  EXPECT_EQ(group.members[1].by, "night");
  EXPECT_NEAR(group.members[1].cosine, std::cos(std::acos(-1.0) * 20 / 180), 1e-6);
  // Of two named ones the nearer is told.
  const ConceptGroup both = make_concept_group(plane(), "g", {"night", "dark"}, {least, false});
  EXPECT_THAT(both.atoms(), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(both.members[2].by, "dark");
  EXPECT_EQ(both.members[3].by, "dark");
}

TEST(ConceptGroups, FindsWholeWords) {
  const ConceptGroup group = make_concept_group(plane(), "g", {"night"}, {std::nullopt, true});
  EXPECT_THAT(group.atoms(), ElementsAre(0, 2, 5));
  EXPECT_EQ(group.members[2].origin, MemberOrigin::word);
  EXPECT_NEAR(group.members[2].cosine, -0.5, 1e-6);
  // A word that is no concept by itself.
  const ConceptGroup sky = make_concept_group(plane(), "g", {"sky red"}, {std::nullopt, true});
  EXPECT_THAT(sky.atoms(), ElementsAre(5));
  EXPECT_TRUE(std::isnan(sky.members[0].cosine));
  EXPECT_THAT(message_of([] { make_concept_group(plane(), "g", {"sky"}); }), HasSubstr("nearest"));
  EXPECT_THAT(message_of([] { make_concept_group(plane(), "g", {"ky"}, {std::nullopt, true}); }), HasSubstr("nearest"));
}

TEST(ConceptGroups, RefusesWhatIsNoGroup) {
  EXPECT_THAT(message_of([] { make_concept_group(plane(), "g", {}); }), HasSubstr("without concepts"));
  for (const double cosine : {0.0, 1.5, -1.0, std::nan("")}) {
    EXPECT_THAT(message_of([&] { make_concept_group(plane(), "g", {"day"}, {cosine, false}); }), HasSubstr("synonym_cosine")) << cosine;
  }
  EXPECT_THAT(message_of([] { make_concept_group(plane(), "g", {" "}, {std::nullopt, true}); }), HasSubstr("empty concept"));
}

TEST(ConceptGroups, TellsOverlaps) {
  const ConceptSpace space = plane();
  const std::vector<ConceptGroup> groups = {make_concept_group(space, "a", {"day", "night"}), make_concept_group(space, "b", {"dark"}),
                                            make_concept_group(space, "c", {"night", "dark", "day"})};
  const std::vector<GroupOverlap> overlaps = find_overlaps(groups);
  ASSERT_EQ(overlaps.size(), 2);
  EXPECT_EQ(overlaps[0].first, 0);
  EXPECT_EQ(overlaps[0].second, 2);
  EXPECT_THAT(overlaps[0].atoms, ElementsAre(0, 4));
  EXPECT_EQ(overlaps[1].first, 1);
  EXPECT_THAT(overlaps[1].atoms, ElementsAre(1));
}

}  // namespace
}  // namespace splice_cuda
