#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npy.hpp"
#include "npy_bytes.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::file_error;
using testing::npy_bytes;
using testing::npy_dict;

std::string refusal_of_npy(const std::string& bytes) {
  return file_error([&] { parse_npy(testing::as_span(bytes), "some/x.npy"); });
}

TEST(NpyHostile, TruncatedAtEveryLengthIsRefused) {
  for (const int version : {1, 2, 3}) {
    const std::string whole = npy_bytes(npy_dict("<f4", "(2, 3)"), std::string(24, 'x'), version);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::string message = refusal_of_npy(whole.substr(0, length));
      EXPECT_THAT(message, AllOf(HasSubstr("some/x.npy: found "), HasSubstr(", expected "))) << length;
    }
  }
}

TEST(NpyHostile, ExtraBytesAreRefused) {
  EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f4", "(2, 3)"), std::string(25, 'x'))),
              AllOf(HasSubstr("found 25 bytes of data"), HasSubstr("expected 24 bytes")));
}

TEST(NpyHostile, ShapesThatLieAreRefusedWithoutAllocation) {
  const std::string data(24, 'x');
  for (const char* shape : {"(1099511627776, 3)", "(3, 1099511627776)", "(2, 3, 2)", "(6)", "(5,)", "()"}) {
    if (std::string(shape) == "(6)") continue;  // a bare number in brackets reads as a tuple
    EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f4", shape), data)), HasSubstr("as the header's shape and type say")) << shape;
  }
  for (const char* shape : {"(9223372036854775807, 2)", "(4294967296, 4294967296)", "(2305843009213693952,)",
                            "(9223372036854775807, 9223372036854775807, 9223372036854775807)"}) {
    EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f8", shape), data)), HasSubstr("overflows")) << shape;
  }
  for (const char* shape : {"(-1, 6)", "(-6,)", "(9223372036854775808,)", "(2.0, 3)", "(2 3)", "(2, 3", "[2, 3]", "6",
                            "(,)", "('2', 3)", "(0x2, 3)", "(2L, 3L)"}) {
    EXPECT_FALSE(refusal_of_npy(npy_bytes(npy_dict("<f4", shape), data)).empty()) << shape;
  }
}

TEST(NpyHostile, FortranOrderIsRefusedByName) {
  EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f4", "(2, 3)", "True"), std::string(24, 'x'))),
              AllOf(HasSubstr("found Fortran order"), HasSubstr("expected C order (numpy.ascontiguousarray)")));
  EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f4", "(2, 3)", "Maybe"), std::string(24, 'x'))), HasSubstr("expected False"));
}

TEST(NpyHostile, BigEndianIsRefusedByName) {
  EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict(">f4", "(2, 3)"), std::string(24, 'x'))),
              AllOf(HasSubstr("found big-endian type >f4"), HasSubstr("expected little-endian data")));
}

TEST(NpyHostile, PickledObjectsAreNeverLoaded) {
  const std::string pickle = "\x80\x04\x95\x1a.cos\nsystem\n.";
  EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("|O", "(1,)"), pickle)),
              AllOf(HasSubstr("found pickled objects (|O)"), HasSubstr("objects are never loaded")));
  EXPECT_THAT(refusal_of_npy(npy_bytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd")),
              HasSubstr("a structured type"));
  EXPECT_THAT(refusal_of_npy(pickle), HasSubstr("without the .npy signature"));
}

TEST(NpyHostile, OtherTypesAreRefused) {
  for (const char* descr : {"<c8", "<u4", "<U3", "|S3", "<M8[s]", "<f16", "=f4", "f4", ""}) {
    EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict(descr, "(6,)"), std::string(24, 'x'))), HasSubstr("expected <f2, <f4, <f8")) << descr;
  }
}

TEST(NpyHostile, HeadersHaveToBeTheThreeKeysOnceEach) {
  const std::string data(4, 'x');
  for (const char* dict :
       {"", "{", "{}", "()", "{'descr': '<f4', 'shape': (1,), }", "{'descr': '<f4', 'fortran_order': False, }",
        "{'fortran_order': False, 'shape': (1,), }", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", "{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4' 'fortran_order': False 'shape': (1,)}", "{descr: '<f4'}", "{'descr': '<f4"}) {
    EXPECT_FALSE(refusal_of_npy(npy_bytes(dict, data)).empty()) << dict;
  }
}

TEST(NpyHostile, HeaderLengthsBeyondTheFileAreRefused) {
  std::string file = npy_bytes(npy_dict("<f4", "(1,)"), "abcd", 2);
  for (const std::string& length : {std::string("\xff\xff\xff\xff"), std::string("\xff\xff\xff\x7f"), std::string("\x00\x00\x01\x00", 4)}) {
    file.replace(8, 4, length);
    EXPECT_THAT(refusal_of_npy(file), AllOf(HasSubstr("a header of "), HasSubstr("that fits the file and 65536 bytes")));
  }
  const std::string long_header = npy_dict("<f4", "(1,)") + std::string(70000, ' ');
  EXPECT_THAT(refusal_of_npy(npy_bytes(long_header, "abcd", 2)), HasSubstr("65536 bytes")) << "a limit even where the file holds it";
}

TEST(NpyHostile, UnknownVersionsAreRefused) {
  for (const int version : {0, 4, 255}) {
    EXPECT_THAT(refusal_of_npy(npy_bytes(npy_dict("<f4", "(1,)"), "abcd", version)), HasSubstr("expected version 1, 2 or 3"));
  }
}

TEST(NpyHostile, FilesThatAreNoneAreNamed) {
  const testing::ScratchFolder folder;
  EXPECT_THAT(file_error([&] { read_npy_float32(folder.path("absent.npy")); }),
              AllOf(HasSubstr(folder.path("absent.npy").string()), HasSubstr("No such file")));
  std::filesystem::create_directory(folder.path("folder.npy"));
  EXPECT_THAT(file_error([&] { read_npy_float32(folder.path("folder.npy")); }),
              AllOf(HasSubstr("folder.npy"), HasSubstr("not a regular file")));
  const auto empty = folder.write("empty.npy", "");
  EXPECT_THAT(file_error([&] { read_npy_float32(empty); }), AllOf(HasSubstr("empty.npy: found 0 bytes"), HasSubstr("NumPy .npy")));
  const auto text = folder.write("text.npy", "these are no numbers at all, just text");
  EXPECT_THAT(file_error([&] { read_npy_float32(text); }), HasSubstr("expected a NumPy .npy file"));
}

}  // namespace
}  // namespace splice_cuda::io
