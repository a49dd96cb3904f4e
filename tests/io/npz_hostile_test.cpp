#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "byte_fuzz.hpp"
#include "codes_archive.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using testing::archive;
using testing::file_error;
using ::testing::HasSubstr;
using testing::npy_bytes;
using testing::npy_dict;
using testing::npy_vector;
using testing::read_codes_bytes;
using testing::sound_members;

/// The message, from the file's name on: its folder changes.
std::string refusal_of_archive(const std::string& bytes) {
  const std::string message = file_error([&] { read_codes_bytes(bytes); });
  EXPECT_THAT(message, AllOf(HasSubstr("codes.npz"), HasSubstr(": found "), HasSubstr(", expected ")));
  return message.substr(std::min(message.find("codes.npz"), message.size()));
}

/// What is said of the sound archive with one member replaced, stored or deflated; it names that member.
std::string refusal_of(const std::string& name, const std::string& bytes) {
  auto members = sound_members();
  members[name] = bytes;
  const std::string message = refusal_of_archive(archive(members));
  EXPECT_THAT(message, HasSubstr(name + ".npy"));
  EXPECT_EQ(message, refusal_of_archive(archive(members, true)));
  return message;
}

TEST(NpzHostile, MissingMembersAreNamed) {
  for (const char* name : {"shape", "indptr", "indices", "data", "primal", "dual", "kkt_violation", "status",
                           "rounds", "iterations"}) {
    auto members = sound_members();
    members.erase(name);
    EXPECT_THAT(refusal_of_archive(archive(members)), HasSubstr(std::string("no member ") + name + ".npy"));
  }
  auto members = sound_members();
  members.erase("format");
  EXPECT_THAT(refusal_of_archive(archive(members)), HasSubstr("no member format.npy with the text csr"));
}

TEST(NpzHostile, NamesThatDoNotFitAreRefused) {
  auto members = sound_members();
  members["names"] = npy_vector<char>("|u1", {'a', 'b', 'c'});
  const auto refusal_with = [&](const std::vector<std::int64_t>& offsets) {
    members["name_offsets"] = npy_vector<std::int64_t>("<i8", offsets);
    return refusal_of_archive(archive(members));
  };
  members["name_offsets"] = npy_vector<std::int64_t>("<i8", {0, 1, 1, 3});
  EXPECT_EQ(read_codes_bytes(archive(members)).names, (std::vector<std::string>{"a", "", "bc"}));
  EXPECT_THAT(refusal_with({1, 1, 2, 3}), HasSubstr("a first offset of 1"));
  EXPECT_THAT(refusal_with({0, 2, 1, 3}), HasSubstr("a fall from 2 to 1"));
  EXPECT_THAT(refusal_with({0, 1, 3}), HasSubstr("name_offsets.npy"));
  EXPECT_THAT(refusal_with({0, 1, 2, 4}), HasSubstr("names.npy"));
  EXPECT_THAT(refusal_with({0, 1, 2, std::int64_t{1} << 62}), HasSubstr("names.npy"));
  members.erase("name_offsets");
  EXPECT_THAT(refusal_of_archive(archive(members)), HasSubstr("no member name_offsets.npy"));
}

TEST(NpzHostile, MembersOfOtherTypesAreRefused) {
  for (const char* name : {"shape", "indptr", "indices"}) {
    EXPECT_THAT(refusal_of(name, npy_vector<double>(
                                     "<f8", std::vector<double>(name == std::string("shape") ? 2 : 4, 1))),
                AllOf(HasSubstr("found type <f8"), HasSubstr("int32 or int64")));
  }
  EXPECT_THAT(refusal_of("data", npy_vector<std::int32_t>("<i4", {1, 2, 3, 4})),
              AllOf(HasSubstr("found type <i4"), HasSubstr("float16, float32 or float64")));
  EXPECT_THAT(refusal_of("gap", npy_vector<float>("<f4", {0, 0, 0})),
              AllOf(HasSubstr("found type <f4"), HasSubstr("type <f8")));
  EXPECT_THAT(refusal_of("status", npy_vector<char>("|i1", {0, 0, 0})),
              AllOf(HasSubstr("found type |i1"), HasSubstr("type |u1")));
  EXPECT_THAT(refusal_of("rounds", npy_vector<std::int64_t>("<i8", {0, 0, 0})), HasSubstr("type <i4"));
  EXPECT_THAT(refusal_of("options", npy_vector<float>("<f4", {0})), HasSubstr("text: a vector of type |u1"));
  EXPECT_THAT(refusal_of("data", npy_vector<float>(">f4", {1, 2, 3, 4})), HasSubstr("big-endian type >f4"));
  EXPECT_THAT(refusal_of("data", npy_bytes(npy_dict("|O", "(4,)"), "\x80\x04\x95.")),
              AllOf(HasSubstr("pickled objects"), HasSubstr("never loaded")));
}

TEST(NpzHostile, MembersOfOtherShapesAreRefused) {
  const std::string four = testing::raw_bytes<float>({1, 2, 3, 4});
  EXPECT_THAT(refusal_of("data", npy_bytes(npy_dict("<f4", "(2, 2)"), four)),
              AllOf(HasSubstr("found 2 dimensions"), HasSubstr("expected 1")));
  EXPECT_THAT(refusal_of("data", npy_bytes(npy_dict("<f4", "()"), four.substr(0, 4))),
              HasSubstr("found 0 dimensions"));
  EXPECT_THAT(refusal_of("data", npy_bytes(npy_dict("<f4", "(2, 2)", "True"), four)),
              HasSubstr("Fortran order"));
  EXPECT_THAT(refusal_of("data", npy_vector<float>("<f4", {1, 2, 3})),
              AllOf(HasSubstr("found 3 entries"), HasSubstr("expected 4")));
  EXPECT_THAT(refusal_of("indices", npy_vector<std::int32_t>("<i4", {1, 3, 0, 2, 3})),
              HasSubstr("found 5 entries, expected 4"));
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {0, 2, 4})),
              HasSubstr("found 3 entries, expected 4"));
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {})),
              HasSubstr("found 0 entries, expected 4"));
  EXPECT_THAT(refusal_of("shape", npy_vector<std::int64_t>("<i8", {3, 4, 5})),
              HasSubstr("found 3 entries, expected 2"));
  EXPECT_THAT(refusal_of("cosine", npy_vector<float>("<f4", {1, 2})),
              HasSubstr("found 2 entries, expected 3"));
  EXPECT_THAT(refusal_of("gap", npy_vector<double>("<f8", {1, 2, 3, 4})),
              HasSubstr("found 4 entries, expected 3"));
  EXPECT_THAT(refusal_of("status", npy_vector<char>("|u1", {0, 4, 0})),
              AllOf(HasSubstr("found 4 in row 1"), HasSubstr("0 to 3")));
  auto members = sound_members();
  members["format"] = npy_bytes(npy_dict("|S3", "()"), "csc");
  EXPECT_THAT(refusal_of_archive(archive(members)), HasSubstr("found a matrix in the format csc, expected a CSR matrix"));
  members["format"] = npy_bytes(npy_dict("|S3", "()"), std::string(3, char{}));
  EXPECT_THAT(refusal_of_archive(archive(members)), HasSubstr("found no member format.npy with the text csr"));
}

TEST(NpzHostile, OffsetsThatFallOrLieAreRefused) {
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {0, 3, 2, 4})),
              AllOf(HasSubstr("a fall from 3 to 2 in row 1")));
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {1, 2, 2, 4})),
              HasSubstr("found a first offset of 1, expected 0"));
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {0, -1, 2, 4})),
              HasSubstr("a fall from 0 to -1"));
  EXPECT_THAT(refusal_of("indptr", npy_vector<std::int64_t>("<i8", {0, INT64_MAX, 2, 4})),
              HasSubstr("a fall from 9223372036854775807"));
  for (const std::int64_t last :
       {std::int64_t{3}, std::int64_t{5}, std::int64_t{1} << 40, std::int64_t{INT64_MAX}}) {
    auto members = sound_members();
    members["indptr"] = npy_vector<std::int64_t>("<i8", {0, 2, 2, last});
    EXPECT_THAT(refusal_of_archive(archive(members)),
                AllOf(HasSubstr("data.npy"), HasSubstr("found 4 entries, expected " + std::to_string(last))));
  }
}

TEST(NpzHostile, IndicesOutOfRangeOrOrderAreRefused) {
  const auto indices = [](std::vector<std::int32_t> values) {
    return refusal_of("indices", npy_vector("<i4", values));
  };
  EXPECT_THAT(indices({1, 4, 0, 2}), HasSubstr("found 4 in row 0, expected ascending indices below 4"));
  EXPECT_THAT(indices({1, 3, -1, 2}), HasSubstr("found -1 in row 2"));
  EXPECT_THAT(indices({3, 1, 0, 2}), HasSubstr("found 1 in row 0"));
  EXPECT_THAT(indices({1, 1, 0, 2}), HasSubstr("found 1 in row 0")) << "an atom twice";
  EXPECT_THAT(refusal_of("indices", npy_vector<std::int64_t>("<i8", {1, 3, 0, (std::int64_t{1} << 32) + 2})),
              HasSubstr("found 4294967298 in row 2"))
      << "not cut to 32 bits";
}

TEST(NpzHostile, ShapesThatLieAreRefusedWithoutAllocation) {
  const auto shape = [](std::int64_t rows, std::int64_t cols) {
    auto members = sound_members();
    members["shape"] = npy_vector<std::int64_t>("<i8", {rows, cols});
    return refusal_of_archive(archive(members));
  };
  EXPECT_THAT(shape(std::int64_t{1} << 40, 4), HasSubstr("found 4 entries, expected 1099511627777"));
  EXPECT_THAT(shape(2, 4), HasSubstr("found 4 entries, expected 3"));
  EXPECT_THAT(shape(3, 2), HasSubstr("expected ascending indices below 2"));
  for (const auto& [rows, cols] : {std::pair<std::int64_t, std::int64_t>{-1, 4},
                                   {INT64_MAX, 4},
                                   {INT64_MIN, 4},
                                   {3, -1},
                                   {3, std::int64_t{1} << 31},
                                   {3, INT64_MAX}}) {
    EXPECT_THAT(shape(rows, cols),
                AllOf(HasSubstr("shape.npy: found " + std::to_string(rows) + " x " + std::to_string(cols)),
                      HasSubstr("2^48 rows")));
  }
}

TEST(NpzHostile, TruncatedAtEveryLengthIsRefused) {
  const testing::ScratchFolder folder;
  for (const bool deflate_them : {false, true}) {
    const std::string whole = archive(sound_members(), deflate_them);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto path = folder.write("codes.npz", whole.substr(0, length));
      EXPECT_THAT(file_error([&] { read_codes(path); }), HasSubstr("codes.npz")) << length;
    }
  }
}

/// The checksum covers data; a flip elsewhere may be without meaning (a time stamp), never an error of
/// another kind.
TEST(NpzHostile, FlippedBitsAreRefusedOrHarmless) {
  const testing::ScratchFolder folder;
  for (const bool deflate_them : {false, true}) {
    const std::string whole = archive(sound_members(), deflate_them);
    for (std::size_t bit = 0; bit < 8 * whole.size(); bit += 3) {
      std::string bytes = whole;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      const auto path = folder.write("codes.npz", bytes);
      try {
        const CodesFile file = read_codes(path);
        EXPECT_EQ(file.codes.values, (std::vector<float>{0.5f, 0.25f, 1.5f, -2.0f})) << bit;
        EXPECT_EQ(file.codes.atom_indices, (std::vector<std::int32_t>{1, 3, 0, 2})) << bit;
      } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("codes.npz"));
      }
    }
  }
}

TEST(NpzHostile, DamagedArchivesGiveOnlyFileErrors) {
  const testing::ScratchFolder folder;
  for (const bool deflate_them : {false, true}) {
    testing::fuzz_bytes(archive(sound_members(), deflate_them), 5000, 11,
                        [&](const std::string& bytes) { read_codes(folder.write("codes.npz", bytes)); });
  }
}

/// With the checksum made right again, damage reaches the readers of members.
TEST(NpzHostile, DamagedMembersGiveOnlyFileErrors) {
  const testing::ScratchFolder folder;
  int accepted = 0;
  for (const auto& [name, sound] : sound_members()) {
    accepted += testing::fuzz_bytes(sound, 500, 13, [&, &member = name](const std::string& bytes) {
      auto members = sound_members();
      members[member] = bytes;
      const CodesFile file = read_codes(folder.write("codes.npz", archive(members)));
      ASSERT_EQ(file.codes.row_offsets.size(), static_cast<std::size_t>(file.codes.rows) + 1);
    });
  }
  EXPECT_GT(accepted, 100) << "other values are no error";
}

}  // namespace
}  // namespace splice_cuda::io
