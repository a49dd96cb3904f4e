// Concepts by name, atoms without a vocabulary, and the image mean.

#include <limits>
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

const std::vector<float> unit_square = {1, 0, 0, 1, -1, 0};

ConceptSpace named(std::vector<std::string> names) {
  return ConceptSpace::from_atoms(MatrixView<const float>{unit_square.data(), 3, 2}, std::move(names));
}

TEST(ConceptNames, AreFoundExactly) {
  const ConceptSpace space = named({"motorcycle", "parking meter", "M\xc3\xbcnchen"});
  EXPECT_EQ(space.find("parking meter"), 1);
  EXPECT_EQ(space.find("M\xc3\xbcnchen"), 2);
  EXPECT_EQ(space.at("motorcycle"), 0);
  EXPECT_EQ(space.name(1), "parking meter");
  for (const char* absent : {"Motorcycle", "motor", "", " motorcycle"}) EXPECT_EQ(space.find(absent), std::nullopt);
}

TEST(ConceptNames, AtOffersTheNearest) {
  const ConceptSpace space = named({"motorcycle", "parking meter", "bicycle"});
  const std::string message = argument_error([&] { space.at("motorcicle"); });
  EXPECT_EQ(message,
            "concept: got \"motorcicle\", expected a name of the dictionary; nearest: motorcycle, bicycle, parking meter");
}

TEST(FromAtoms, MakesUpNamesAndKeepsAtomsBitByBit) {
  const ConceptSpace space = named({});
  EXPECT_THAT(space.names(), ElementsAre("atom 0", "atom 1", "atom 2"));
  EXPECT_EQ(space.at("atom 2"), 2);
  const std::vector<float> odd = {3, 0, nan, -0.25f, 1e-30f, nan};  // strided, not of unit length
  const ConceptSpace raw = ConceptSpace::from_atoms(MatrixView<const float>{odd.data(), 2, 2, 3});
  EXPECT_EQ(raw.atoms().as<float>().row(0)[0], 3.0f);
  EXPECT_EQ(raw.atoms().as<float>().row(1)[0], -0.25f);
  EXPECT_EQ(raw.atoms().as<float>().row(1)[1], 1e-30f);
  EXPECT_TRUE(raw.text_mean().empty());
}

TEST(FromAtoms, RefusesWhatDoesNotFit) {
  EXPECT_THAT(argument_error([] { named({"a", "b"}); }), HasSubstr("names: got 2 names, expected one an atom, 3"));
  EXPECT_THAT(argument_error([] { named({"a", "b", "a"}); }), HasSubstr("names: got \"a\" twice, expected unique names"));
  EXPECT_THAT(argument_error([] { named({"a", "b", "\xff"}); }), HasSubstr("names: got text that is not UTF-8"));
  EXPECT_THAT(argument_error([] { ConceptSpace::from_atoms(MatrixView<const float>{unit_square.data(), 0, 2}); }),
              HasSubstr("atoms: got 0 rows"));
  const std::vector<float> bad = {1, 0, 0, nan};
  EXPECT_THAT(argument_error([&] { ConceptSpace::from_atoms(MatrixView<const float>{bad.data(), 2, 2}); }),
              HasSubstr("atoms: got a NaN or infinity in row 1"));
  EXPECT_THAT(argument_error([&] { ConceptSpace::from_atoms(MatrixView<const float>{nullptr, 2, 2}); }),
              HasSubstr("atoms: got a null pointer"));
}

TEST(ImageMean, IsCheckedAndABadOneChangesNothing) {
  ConceptSpace space = named({});
  space.set_image_mean({0.25f, -0.5f});
  EXPECT_THAT(argument_error([&] { space.set_image_mean({1, 2, 3}); }),
              ::testing::AllOf(HasSubstr("image_mean: got 3 numbers"), HasSubstr("dimension, 2")));
  EXPECT_THAT(argument_error([&] { space.set_image_mean({1, nan}); }), HasSubstr("image_mean: got a NaN or infinity"));
  EXPECT_THAT(argument_error([&] { space.set_image_mean({-std::numeric_limits<float>::infinity(), 0}); }),
              HasSubstr("image_mean"));
  EXPECT_THAT(space.image_mean(), ElementsAre(0.25f, -0.5f));
  space.set_image_mean({});
  EXPECT_TRUE(space.image_mean().empty());
}

}  // namespace
}  // namespace splice_cuda::testing
