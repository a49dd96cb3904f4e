// A concept space survives its file bit by bit.

#include <bit>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/scratch_folder.hpp"
#include "io/thrown_message.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::uint32_t> bits(const float* values, std::int64_t count) {
  std::vector<std::uint32_t> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(std::bit_cast<std::uint32_t>(values[i]));
  return out;
}

ConceptSpace sample_space() {
  const SampleProblem sample = sample_problem(30, 17, 1, 131);
  std::vector<std::string> names;
  for (int j = 0; j < 30; ++j) names.push_back("concept " + std::to_string(j));
  names[3] = "quote \" backslash \\ tab\t";
  names[7] = "\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\xb1";
  return ConceptSpace::build(sample.atom_view(), names);
}

TEST(SpaceFile, RoundTripIsBitwise) {
  const ScratchFolder folder;
  ConceptSpace space = sample_space();
  std::vector<float> mean(17, 0.0f);
  mean[0] = -0.0f;
  mean[1] = 1e-42f;  // subnormal
  mean[2] = 0.1f;
  space.set_image_mean(mean);
  space.provenance() = {{"model", "ViT-B/16"}, {"vocabulary", "words, of \"all\" kinds\n"}, {"empty", ""}};
  space.save(folder.path("space.safetensors"));
  const ConceptSpace back = ConceptSpace::load(folder.path("space.safetensors"));
  EXPECT_EQ(back.names(), space.names());
  EXPECT_EQ(back.dim(), 17);
  EXPECT_EQ(bits(back.atoms().as<float>().data, 30 * 17), bits(space.atoms().as<float>().data, 30 * 17));
  EXPECT_EQ(bits(back.text_mean().data(), 17), bits(space.text_mean().data(), 17));
  EXPECT_EQ(bits(back.image_mean().data(), 17), bits(mean.data(), 17));
  EXPECT_EQ(back.provenance(), space.provenance());
  EXPECT_EQ(back.at("\xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\xb1"), 7);
}

TEST(SpaceFile, SavingTwiceGivesTheSameBytes) {
  const ScratchFolder folder;
  sample_space().save(folder.path("a.safetensors"));
  ConceptSpace::load(folder.path("a.safetensors")).save(folder.path("b.safetensors"));
  EXPECT_EQ(folder.read("a.safetensors"), folder.read("b.safetensors"));
  EXPECT_EQ(folder.entries().size(), 2u) << "a temporary file was left behind";
}

TEST(SpaceFile, AbsentMeansStayAbsent) {
  const ScratchFolder folder;
  const std::vector<float> atoms = {2, 0, 0, 3};
  ConceptSpace::from_atoms(MatrixView<const float>{atoms.data(), 2, 2}).save(folder.path("raw.safetensors"));
  const ConceptSpace back = ConceptSpace::load(folder.path("raw.safetensors"));
  EXPECT_TRUE(back.text_mean().empty());
  EXPECT_TRUE(back.image_mean().empty());
  EXPECT_TRUE(back.provenance().empty());
  EXPECT_EQ(back.atoms().as<float>().row(1)[1], 3.0f) << "atoms are not normalised on the way";
  EXPECT_EQ(back.name(1), "atom 1");
}

TEST(SpaceFile, WhatIsNoDictionaryIsNamed) {
  const ScratchFolder folder;
  const auto path = folder.write("words.safetensors", "not at all");
  EXPECT_THAT(file_error([&] { ConceptSpace::load(path); }), HasSubstr(path.string()));
  const auto absent = folder.path("absent.safetensors");
  EXPECT_THAT(file_error([&] { ConceptSpace::load(absent); }), HasSubstr(absent.string()));
  const auto unwritable = folder.path("no such folder") / "space.safetensors";
  EXPECT_THAT(file_error([&] { sample_space().save(unwritable); }), HasSubstr("no such folder"));
}

}  // namespace
}  // namespace splice_cuda::testing
