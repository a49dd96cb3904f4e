#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "byte_fuzz.hpp"
#include "safetensors_bytes.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using testing::file_error;
using ::testing::HasSubstr;
using testing::header_length;
using testing::open_safetensors;
using testing::safetensors_bytes;
using testing::tensor_entry;

std::string refusal_of_tensors(const std::string& bytes) {
  const std::string message = file_error([&] { open_safetensors(bytes); });
  EXPECT_THAT(message, AllOf(HasSubstr("x.safetensors"), HasSubstr(": found "), HasSubstr(", expected ")));
  EXPECT_LT(message.size(), 1000u);
  return message;
}

/// Of a header with these entries and 24 bytes of data.
std::string refusal_of(const std::string& entries) {
  return refusal_of_tensors(safetensors_bytes("{" + entries + "}", std::string(24, 'x')));
}

std::string sound_file() {
  return safetensors_bytes("{\"__metadata__\":{\"format\":\"caf\xc3\xa9\"}," +
                               tensor_entry("atoms", "F32", "[2,2]", 0, 16) + "," +
                               tensor_entry("mean", "F64", "[1]", 16, 24) + "}",
                           std::string(24, 'x'));
}

void read_all(const SafetensorsFile& file) {
  for (const auto& [name, tensor] : file.tensors()) {
    ASSERT_EQ(tensor.data.size(), static_cast<std::size_t>(tensor.elements()) * size_of(tensor.type));
    std::vector<std::byte> copy(tensor.data.begin(), tensor.data.end());
  }
}

TEST(SafetensorsHostile, HeaderLengthsBeyondTheFileAreRefused) {
  const std::string rest = sound_file().substr(8);
  for (const std::uint64_t length :
       {std::uint64_t{rest.size() + 1}, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
        std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - rest.size()}) {
    EXPECT_THAT(refusal_of_tensors(header_length(length) + rest),
                AllOf(HasSubstr("found a header of " + std::to_string(length) + " bytes"),
                      HasSubstr("within the file and 100 MB")));
  }
}

TEST(SafetensorsHostile, HeadersThatAreNoJsonObjectAreRefused) {
  for (const char* header : {"",
                             " ",
                             "{",
                             "}",
                             "{]",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{'a':1}",
                             "nonsense",
                             "{}{}",
                             "{} x",
                             "{}\n,",
                             "{/**/}",
                             "{\"a\":NaN}",
                             "{\"a\":1,}",
                             "\xef\xbb\xbf",
                             "\"",
                             "{\"a\":\"\\u12\"}",
                             "{\"a\":\"\\ud800\"}",
                             "{\"a\":\"\x01\"}"}) {
    EXPECT_THAT(refusal_of_tensors(safetensors_bytes(header, "")), HasSubstr("a header that is not JSON")) << header;
  }
  for (const char* header : {"[]", "[{}]", "1", "\"text\"", "null", "true", "1e999", "-0"}) {
    EXPECT_FALSE(refusal_of_tensors(safetensors_bytes(header, "")).empty()) << header;
  }
  EXPECT_THAT(refusal_of_tensors(safetensors_bytes(std::string("{}\0", 3), "")), HasSubstr("a NUL byte in the header"));
}

TEST(SafetensorsHostile, InvalidUtf8IsRefused) {
  for (const char* text : {"caf\xe9", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(refusal_of_tensors(safetensors_bytes("{\"__metadata__\":{\"k\":\"" + std::string(text) + "\"}}", "")),
                HasSubstr("not JSON"));
    EXPECT_THAT(refusal_of(tensor_entry(text, "F32", "[6]", 0, 24)), HasSubstr("not JSON"));
  }
}

TEST(SafetensorsHostile, RepeatedKeysAreRefused) {
  const std::string entry = tensor_entry("t", "F32", "[6]", 0, 24);
  EXPECT_THAT(refusal_of(entry + "," + entry),
              AllOf(HasSubstr("the key \"t\" twice"), HasSubstr("unique keys")));
  EXPECT_THAT(refusal_of(entry + "," + tensor_entry("\\u0074", "F32", "[6]", 0, 24)),
              HasSubstr("the key \"t\" twice"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":\"F32\",\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,24]}"),
              HasSubstr("\"dtype\" twice"));
  EXPECT_THAT(refusal_of("\"__metadata__\":{\"k\":\"a\",\"k\":\"b\"}"), HasSubstr("\"k\" twice"));
}

/// A million levels would take the stack of a parser that calls itself, and of a destructor.
TEST(SafetensorsHostile, DeepNestingIsRefused) {
  constexpr std::size_t levels = 1'000'000;
  for (const std::string open : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string header = "{\"t\":";
    for (std::size_t level = 0; level < levels; ++level) header += open;
    EXPECT_THAT(refusal_of_tensors(safetensors_bytes(header, "")), HasSubstr("nested deeper than 4 levels")) << open;
  }
  EXPECT_THAT(
      refusal_of_tensors(safetensors_bytes("{\"t\":" + std::string(levels, '[') + std::string(levels, ']') + "}", "")),
      HasSubstr("nested deeper"));
}

TEST(SafetensorsHostile, EntriesHaveToBeWhole) {
  EXPECT_THAT(refusal_of("\"t\":1"), AllOf(HasSubstr("x.safetensors:t: found an entry that is no object"),
                                           HasSubstr("dtype, shape")));
  EXPECT_THAT(refusal_of("\"t\":null"), HasSubstr("no object"));
  EXPECT_THAT(refusal_of("\"t\":{}"), HasSubstr("without dtype"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":3,\"shape\":[6],\"data_offsets\":[0,24]}"),
              HasSubstr("without dtype"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}"), HasSubstr("no shape"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":\"F32\",\"shape\":[6]}"), HasSubstr("no data_offsets"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0]}"),
              HasSubstr("expected two offsets"));
  EXPECT_THAT(refusal_of("\"t\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24,24]}"),
              HasSubstr("expected two offsets"));
  EXPECT_THAT(refusal_of("\"__metadata__\":[]"), HasSubstr("__metadata__ that is no object"));
  EXPECT_THAT(refusal_of("\"__metadata__\":{\"k\":1}"), HasSubstr("metadata k that is no string"));
}

TEST(SafetensorsHostile, UnknownTypesAreNamed) {
  for (const char* dtype : {"F8_E4M3", "F128", "BOOL", "U16", "f32", "", "F32 "}) {
    EXPECT_THAT(refusal_of(tensor_entry("t", dtype, "[6]", 0, 24)),
                AllOf(HasSubstr(std::string("found dtype ") + dtype),
                      HasSubstr("expected F16, BF16, F32, F64, I32, I64 or U8")));
  }
  EXPECT_THAT(refusal_of(tensor_entry("t", std::string(1'000'000, 'F'), "[6]", 0, 24)), HasSubstr("FFF..."))
      << "a message stays readable";
  EXPECT_THAT(refusal_of(tensor_entry(std::string(1'000'000, 'n'), "F33", "[6]", 0, 24)),
              HasSubstr("nnn..."));
}

TEST(SafetensorsHostile, ShapesThatLieAreRefused) {
  for (const char* shape : {"[5]", "[7]", "[2,3,2]", "[]", "[1099511627776,3]", "[0]"}) {
    EXPECT_THAT(refusal_of(tensor_entry("t", "F32", shape, 0, 24)),
                AllOf(HasSubstr("found offsets 0 to 24"), HasSubstr("bytes within the file's 24")));
  }
  for (const char* shape :
       {"[9223372036854775807,2]", "[4294967296,4294967296]", "[2305843009213693952]",
        "[4294967296,4294967296,6]", "[9223372036854775807,9223372036854775807,9223372036854775807]"}) {
    EXPECT_THAT(refusal_of(tensor_entry("t", "F32", shape, 0, 24)), HasSubstr("a shape whose size overflows"))
        << shape;
  }
  for (const char* shape : {"[-6]", "[6.0]", "[\"6\"]", "[18446744073709551615]", "[9223372036854775808]",
                            "[1e1]", "[null]", "[true]", "[[6]]"}) {
    EXPECT_THAT(refusal_of(tensor_entry("t", "F32", shape, 0, 24)),
                AllOf(HasSubstr("shape entry"), HasSubstr("an integer >= 0")))
        << shape;
  }
  std::string ones = "[6";
  for (int i = 0; i < 32; ++i) ones += ",1";
  EXPECT_THAT(refusal_of(tensor_entry("t", "F32", ones + "]", 0, 24)), HasSubstr("at most 32 sizes"));
}

TEST(SafetensorsHostile, OffsetsThatLieAreRefused) {
  const auto offsets = [](const std::string& text) {
    return refusal_of("\"t\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":" + text + "}");
  };
  for (const char* text :
       {"[24,0]", "[1,25]", "[0,25]", "[0,23]", "[24,48]", "[9223372036854775783,9223372036854775807]"}) {
    EXPECT_THAT(offsets(text), AllOf(HasSubstr("found offsets "), HasSubstr("24 bytes within the file's 24")))
        << text;
  }
  for (const char* text : {"[-24,0]", "[0,18446744073709551615]", "[18446744073709551592,0]", "[0,24.0]",
                           "[\"0\",\"24\"]", "[null,24]"}) {
    EXPECT_THAT(offsets(text), AllOf(HasSubstr("found offset "), HasSubstr("an integer >= 0"))) << text;
  }
}

TEST(SafetensorsHostile, OverlapsAndHolesAreRefused) {
  EXPECT_THAT(
      refusal_of(tensor_entry("a", "U8", "[16]", 0, 16) + "," + tensor_entry("b", "U8", "[16]", 8, 24)),
      AllOf(HasSubstr("a tensor at offset 8"), HasSubstr("offset 16: no overlap, no hole")));
  EXPECT_THAT(
      refusal_of(tensor_entry("a", "U8", "[24]", 0, 24) + "," + tensor_entry("b", "U8", "[24]", 0, 24)),
      HasSubstr("no overlap"));
  EXPECT_THAT(
      refusal_of(tensor_entry("a", "U8", "[24]", 0, 24) + "," + tensor_entry("b", "U8", "[0]", 12, 12)),
      HasSubstr("no overlap"))
      << "an empty tensor inside another";
  EXPECT_THAT(refusal_of(tensor_entry("a", "U8", "[8]", 0, 8) + "," + tensor_entry("b", "U8", "[8]", 16, 24)),
              HasSubstr("no hole"));
  EXPECT_THAT(refusal_of(tensor_entry("a", "U8", "[16]", 8, 24)), HasSubstr("a tensor at offset 8"));
  EXPECT_THAT(refusal_of(tensor_entry("a", "U8", "[16]", 0, 16)),
              AllOf(HasSubstr("found 24 bytes of data"), HasSubstr("16, where the last tensor ends")));
  EXPECT_THAT(refusal_of(""), HasSubstr("found 24 bytes of data"));
}

TEST(SafetensorsHostile, TruncatedAtEveryLengthIsRefused) {
  const std::string whole = sound_file();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(refusal_of_tensors(whole.substr(0, length)).empty()) << length;
  }
  EXPECT_THAT(refusal_of_tensors(whole + "x"), HasSubstr("found 25 bytes of data"));
}

TEST(SafetensorsHostile, FlippedBitsAreRefusedOrStayInBounds) {
  const std::string whole = sound_file();
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    try {
      read_all(open_safetensors(bytes));
    } catch (const FileError& error) {
      EXPECT_THAT(error.what(), HasSubstr("x.safetensors"));
    }
  }
}

TEST(SafetensorsHostile, DamagedFilesGiveOnlyFileErrors) {
  const testing::ScratchFolder folder;
  const int accepted = testing::fuzz_bytes(sound_file(), 5000, 17, [&](const std::string& bytes) {
    read_all(SafetensorsFile(folder.write("x.safetensors", bytes)));
  });
  EXPECT_GT(accepted, 50) << "damage in the data alone is no error";
}

TEST(SafetensorsHostile, FilesThatAreNoneAreNamed) {
  const testing::ScratchFolder folder;
  EXPECT_THAT(file_error([&] { SafetensorsFile(folder.path("absent.safetensors")); }),
              AllOf(HasSubstr("absent.safetensors"), HasSubstr("No such file")));
  std::filesystem::create_directory(folder.path("folder.safetensors"));
  EXPECT_THAT(file_error([&] { SafetensorsFile(folder.path("folder.safetensors")); }),
              AllOf(HasSubstr("folder.safetensors"), HasSubstr("not a regular file")));
  EXPECT_THAT(refusal_of_tensors(""), AllOf(HasSubstr("found 0 bytes"), HasSubstr("a .safetensors file")));
  EXPECT_THAT(refusal_of_tensors("text"), HasSubstr("found 4 bytes"));
}

}  // namespace
}  // namespace splice_cuda::io
