// Dictionaries in 16 bits, and dictionaries that stay in their file.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/safetensors.hpp"
#include "io/safetensors_bytes.hpp"
#include "io/scratch_folder.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/half_atoms.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::string> numbered(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t j = 0; j < count; ++j) names.push_back("concept " + std::to_string(j));
  return names;
}

std::vector<float> all_atoms(const ConceptSpace& space) {
  std::vector<float> values(static_cast<std::size_t>(space.size() * space.dim()));
  space.read_atoms(0, {values.data(), space.size(), space.dim()});
  return values;
}

template <class T>
class SpaceOf : public ::testing::Test {};
using AtomTypes = ::testing::Types<float, Float16, BFloat16>;
TYPED_TEST_SUITE(SpaceOf, AtomTypes);

TYPED_TEST(SpaceOf, KeepsItsTypeThroughAFile) {
  for (const std::int64_t dim : {17, 64}) {
    const ScratchFolder folder;
    const SampleProblem sample = sample_problem(30, dim, 1, 401);
    const std::vector<TypeParam> atoms = all_rounded_to<TypeParam>(sample.dictionary);
    const ConceptSpace space =
        ConceptSpace::from_atoms(MatrixView<const TypeParam>(atoms.data(), 30, dim), numbered(30));
    space.save(folder.path("space.safetensors"));
    const ConceptSpace back = ConceptSpace::load(folder.path("space.safetensors"));
    EXPECT_EQ(back.atoms().dtype, dtype_of<TypeParam>());
    EXPECT_EQ(all_atoms(back), widened(atoms));
    EXPECT_EQ(back.names(), space.names());
    back.save(folder.path("again.safetensors"));
    EXPECT_EQ(folder.read("space.safetensors"), folder.read("again.safetensors"));
    const Context context;
    EXPECT_EQ(back.dictionary(context).dtype(), dtype_of<TypeParam>());
    EXPECT_EQ(back.dictionary(context).in_place(), dim == 64);
  }
}

/// The file may be replaced or removed: the mapping, and the dictionary made of it, keep what was there.
TYPED_TEST(SpaceOf, OutlivesTheNameOfItsFile) {
  const ScratchFolder folder;
  const Context context;
  const SampleProblem sample = sample_problem(80, 64, 7, 402);
  const std::vector<TypeParam> atoms = all_rounded_to<TypeParam>(sample.dictionary);
  const MatrixView<const TypeParam> view(atoms.data(), 80, 64);
  const auto path = folder.path("space.safetensors");
  ConceptSpace::from_atoms(view).save(path);
  auto space = std::make_unique<ConceptSpace>(ConceptSpace::load(path));
  ConceptSpace::from_atoms(MatrixView<const TypeParam>(atoms.data(), 40, 64)).save(path);
  EXPECT_EQ(all_atoms(*space), widened(atoms));
  std::filesystem::remove(path);
  const DecomposeResult expected = decompose(context, Dictionary(context, view), sample.view());
  const Dictionary dictionary = space->dictionary(context);
  space.reset();
  EXPECT_EQ(difference(decompose(context, dictionary, sample.view()), expected), "");
}

TYPED_TEST(SpaceOf, BuildingRoundsTheUnitAtomsOnce) {
  const SampleProblem sample = sample_problem(40, 33, 1, 403);
  BuildOptions options;
  const ConceptSpace wide = ConceptSpace::build(sample.atom_view(), numbered(40), options);
  options.dtype = dtype_of<TypeParam>();
  const ConceptSpace space = ConceptSpace::build(sample.atom_view(), numbered(40), options);
  EXPECT_EQ(space.atoms().dtype, dtype_of<TypeParam>());
  EXPECT_EQ(all_atoms(space), widened(all_rounded_to<TypeParam>(all_atoms(wide))));
  EXPECT_EQ(space.text_mean(), wide.text_mean()) << "the mean is not rounded";
}

TEST(BuildByBlocks, GivesWhatAMatrixGives) {
  const SampleProblem sample = sample_problem(300, 33, 1, 404);
  std::vector<std::string> names = numbered(300);
  names[7] = names[2];
  names[9] = "";
  std::int64_t reads = 0;
  std::int64_t last = 0;
  const RowReader read = [&](std::int64_t first, MatrixView<float> out) {
    ++reads;
    last = std::max(last, out.rows);
    for (std::int64_t i = 0; i < out.rows; ++i)
      std::copy_n(sample.atom_view().row(first + i), 33, out.row(i));
  };
  for (const bool center : {true, false}) {
    BuildOptions options;
    options.center = center;
    options.last = 295;
    DroppedConcepts left;
    DroppedConcepts right;
    const ConceptSpace a = ConceptSpace::build(read, 33, names, options, &left);
    const ConceptSpace b = ConceptSpace::build(sample.atom_view(), names, options, &right);
    EXPECT_EQ(all_atoms(a), all_atoms(b));
    EXPECT_EQ(a.names(), b.names());
    EXPECT_EQ(a.text_mean(), b.text_mean());
    EXPECT_EQ(left.duplicate_name, right.duplicate_name);
    EXPECT_EQ(left.empty_name, right.empty_name);
  }
  EXPECT_GT(reads, 0);
  EXPECT_LE(last, 300);
}

/// Atoms that differ in float32 alone are one atom in 16 bits.
TEST(BuildRounded, DropsWhatRoundingMadeEqual) {
  const std::vector<float> text = {1, 0, 0, 1, 1, 0.0001f};
  BuildOptions options;
  options.center = false;
  DroppedConcepts dropped;
  EXPECT_EQ(
      ConceptSpace::build(MatrixView<const float>(text.data(), 3, 2), numbered(3), options, &dropped).size(),
      3);
  options.dtype = DType::bfloat16;
  const ConceptSpace space =
      ConceptSpace::build(MatrixView<const float>(text.data(), 3, 2), numbered(3), options, &dropped);
  EXPECT_EQ(space.size(), 3) << "0.0001 is a number of its own";
  const std::vector<float> near = {0.6f, 0.8f, 0.0f, 1.0f, 0.6001f, 0.8f};
  const ConceptSpace rounded =
      ConceptSpace::build(MatrixView<const float>(near.data(), 3, 2), numbered(3), options, &dropped);
  EXPECT_EQ(rounded.size(), 2);
  EXPECT_EQ(dropped.duplicate_vector, std::vector<std::int64_t>{2});
}

TEST(ReadAtoms, OutOfRangeIsNamed) {
  const SampleProblem sample = sample_problem(5, 8, 1, 405);
  const ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  std::vector<float> out(5 * 8);
  for (const std::int64_t first : {-1, 4, 6}) {
    EXPECT_THAT(argument_error([&] {
                  space.read_atoms(first, {out.data(), 2, 8});
                }),
                HasSubstr("of the 5 there are"));
  }
  EXPECT_THAT(argument_error([&] { space.read_atoms(0, {out.data(), 2, 7}); }), HasSubstr("7 columns"));
  space.read_atoms(5, {out.data(), 0, 8});
}

/// A dictionary file of ours by hand.
std::string dictionary_bytes(const std::string& dtype, const std::string& shape, const std::string& data,
                             const std::string& concepts, std::size_t padding = 0) {
  std::string header = R"({"__metadata__":{"format":"splice_cuda.dictionary.1","concepts":")" + concepts +
                       "\"}," + tensor_entry("atoms", dtype, shape, 0, data.size()) + "}";
  header.append((8 - header.size() % 8) % 8 + padding, ' ');
  return safetensors_bytes(header, data);
}

class HostileDictionary : public ::testing::Test {
 protected:
  std::string refusal(const std::string& bytes) const {
    const auto path = folder.write("x.safetensors", bytes);
    const std::string message = file_error([&] { ConceptSpace::load(path); });
    EXPECT_THAT(message, HasSubstr("x.safetensors"));
    return message;
  }
  const ScratchFolder folder;
  const std::string two_names = R"([\"a\",\"b\"])";
};

TEST_F(HostileDictionary, WrongTypesAndShapes) {
  EXPECT_THAT(refusal(dictionary_bytes("I32", "[2,2]", std::string(16, '\0'), two_names)),
              HasSubstr("F16, BF16, F32 or F64"));
  EXPECT_THAT(refusal(dictionary_bytes("U8", "[2,2]", std::string(4, '\0'), two_names)),
              HasSubstr("an integer tensor"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[4]", std::string(8, '\0'), two_names)),
              HasSubstr("1 dimensions"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[2,1,2]", std::string(8, '\0'), two_names)),
              HasSubstr("3 dimensions"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[0,4]", "", two_names)), HasSubstr("0 rows"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[4,0]", "", two_names)), HasSubstr("[4, 0]"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[9223372036854775807,0]", "", two_names)),
              HasSubstr("x.safetensors"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[0,9223372036854775807]", "", two_names)),
              HasSubstr("0 rows"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[4294967296,4294967296]", "", two_names)),
              HasSubstr("overflows"));
  EXPECT_THAT(refusal(dictionary_bytes("BF16", "[2,2]", std::string(7, '\0'), two_names)),
              HasSubstr("offsets 0 to 7"));
  EXPECT_THAT(refusal(dictionary_bytes("F64", "[1,70000]", std::string(560000, '\0'), R"([\"a\"])")),
              HasSubstr("65536 columns"));
}

TEST_F(HostileDictionary, NamesThatAreNone) {
  const std::string data(8, '\0');
  const auto with = [&](const std::string& concepts) {
    return refusal(dictionary_bytes("BF16", "[2,2]", data, concepts));
  };
  for (const char* text : {"", "null", "1", "{}", R"(\"a\")", "[", R"([\"a\",)", R"([\"a\",\"b\"] x)",
                           R"([\"a\" \"b\"])", "nonsense"}) {
    EXPECT_THAT(with(text), HasSubstr("no JSON array")) << text;
  }
  for (const char* text :
       {"[1,2]", "[null]", R"([[\"a\"]])", R"([\"a\",{}])", "[true]", R"([\"a\",1.5])", "[-1]"}) {
    EXPECT_THAT(with(text), HasSubstr("a concept that is no string")) << text;
  }
  EXPECT_THAT(with("[]"), HasSubstr("0 concepts"));
  EXPECT_THAT(with(R"([\"a\"])"), HasSubstr("1 names"));
  EXPECT_THAT(with(R"([\"a\",\"b\",\"c\"])"), HasSubstr("3 names"));
  EXPECT_THAT(with(R"([\"a\",\"a\"])"), HasSubstr("\"a\" twice"));
  const std::string deep(100000, '[');
  EXPECT_THAT(with(deep), HasSubstr("no string")) << "nesting ends at the second level";
}

TEST_F(HostileDictionary, NumbersThatAreNone) {
  const auto bytes_of = [](std::vector<std::uint16_t> bits) {
    return std::string(reinterpret_cast<const char*>(bits.data()), bits.size() * 2);
  };
  for (const std::uint16_t bad : {std::uint16_t{0x7f80}, std::uint16_t{0xff80}, std::uint16_t{0x7fc0}, std::uint16_t{0x7f81}}) {
    EXPECT_THAT(refusal(dictionary_bytes("BF16", "[2,2]", bytes_of({0, 0, 0, bad}), two_names)),
                HasSubstr("NaN or infinity in row 1"));
  }
  for (const std::uint16_t bad : {std::uint16_t{0x7c00}, std::uint16_t{0xfc00}, std::uint16_t{0x7e00}, std::uint16_t{0x7c01}}) {
    EXPECT_THAT(refusal(dictionary_bytes("F16", "[2,2]", bytes_of({0, bad, 0, 0}), two_names)),
                HasSubstr("NaN or infinity in row 0"));
  }
  const auto path = folder.write(
      "f.safetensors", dictionary_bytes("F16", "[2,2]", bytes_of({0x7bff, 0, 0, 0xfbff}), two_names));
  EXPECT_EQ(all_atoms(ConceptSpace::load(path)), (std::vector<float>{65504, 0, 0, -65504}));
}

/// Whatever byte the data begin at: odd ones are copied, not read askew.
TEST_F(HostileDictionary, DataAtEveryAlignment) {
  const SampleProblem sample = sample_problem(2, 64, 1, 406);
  const std::string data(reinterpret_cast<const char*>(sample.dictionary.data()),
                         sample.dictionary.size() * 4);
  for (std::size_t padding = 0; padding < 9; ++padding) {
    const auto path =
        folder.write("x.safetensors", dictionary_bytes("F32", "[2,64]", data, two_names, padding));
    const ConceptSpace space = ConceptSpace::load(path);
    EXPECT_EQ(all_atoms(space), sample.dictionary) << padding;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(space.atoms().data) % 4, 0u);
    const Context context;
    EXPECT_EQ(space.dictionary(context).size(), 2);
  }
}

TEST_F(HostileDictionary, TruncatedAtEveryLength) {
  const std::string whole = dictionary_bytes("BF16", "[2,2]", std::string(8, '\0'), two_names);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(refusal(whole.substr(0, length)).empty()) << length;
}

TEST(PlainArrays, OfEveryFloatTypeAreDictionaries) {
  const ScratchFolder folder;
  const auto npy = [](const std::string& descriptor, const std::string& data) {
    std::string dict = "{'descr': '" + descriptor + "', 'fortran_order': False, 'shape': (2, 2), }";
    dict.append(128 - 10 - dict.size() - 1, ' ');
    dict += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dict.size()) + '\0' + dict + data;
  };
  const std::vector<float> expected = {1, -2, 0.5f, 0};
  const std::vector<double> wide(expected.begin(), expected.end());
  const std::vector<Float16> half = all_rounded_to<Float16>(expected);
  const auto bytes = [](const auto& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  const ConceptSpace f2 = ConceptSpace::load(folder.write("f2.npy", npy("<f2", bytes(half))));
  const ConceptSpace f4 = ConceptSpace::load(folder.write("f4.npy", npy("<f4", bytes(expected))));
  const ConceptSpace f8 = ConceptSpace::load(folder.write("f8.npy", npy("<f8", bytes(wide))));
  EXPECT_EQ(f2.atoms().dtype, DType::float16);
  EXPECT_EQ(f4.atoms().dtype, DType::float32);
  EXPECT_EQ(f8.atoms().dtype, DType::float32);
  for (const ConceptSpace* space : {&f2, &f4, &f8}) EXPECT_EQ(all_atoms(*space), expected);
  EXPECT_THAT(
      file_error([&] { ConceptSpace::load(folder.write("i4.npy", npy("<i4", std::string(16, '\0')))); }),
      AllOf(HasSubstr("i4.npy"), HasSubstr("float16, float32 or float64")));
}

TEST(ManyNames, AreFoundAndToldApart) {
  std::vector<float> atoms(20000, 1.0f);
  for (std::size_t j = 0; j < atoms.size(); ++j) atoms[j] = static_cast<float>(j);
  std::vector<std::string> names = numbered(20000);
  const ConceptSpace space = ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), 20000, 1), names);
  for (const std::int32_t j : {0, 1, 777, 19999}) EXPECT_EQ(space.find("concept " + std::to_string(j)), j);
  EXPECT_FALSE(space.find("concept 20000"));
  EXPECT_FALSE(space.find(""));
  names[19999] = names[5];
  EXPECT_THAT(argument_error(
                  [&] { ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), 20000, 1), names); }),
              HasSubstr("\"concept 5\" twice"));
}

}  // namespace
}  // namespace splice_cuda::testing
