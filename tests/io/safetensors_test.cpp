#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/safetensors.hpp"
#include "npy_bytes.hpp"
#include "safetensors_bytes.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::raw_bytes;
using testing::safetensors_bytes;
using testing::tensor_entry;
using Metadata = std::map<std::string, std::string>;

SafetensorsFile round_trip(const std::vector<TensorToWrite>& tensors, const Metadata& metadata) {
  const testing::ScratchFolder folder;
  write_safetensors(folder.path("x.safetensors"), tensors, metadata);
  EXPECT_THAT(folder.entries(), ElementsAre("x.safetensors")) << "nothing stays beside it";
  return SafetensorsFile(folder.path("x.safetensors"));
}

std::string bytes_of(const TensorView& tensor) {
  return {reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()};
}

TEST(Safetensors, EveryTypeAndShapeComesBack) {
  const std::string data = "0123456789abcdef0123456789abcdef0123456789abcdef";
  std::vector<TensorToWrite> tensors;
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{}, {6}, {2, 3}, {0}, {0, 7}, {5, 0, 2}, {1, 2, 3}}) {
    for (int type = 0; type <= static_cast<int>(TensorType::uint8); ++type) {
      const auto element = static_cast<TensorType>(type);
      std::size_t count = 1;
      for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
      tensors.push_back({"t" + std::to_string(tensors.size()), element, shape,
                         testing::as_span(data).first(count * size_of(element))});
    }
  }
  const SafetensorsFile file = round_trip(tensors, {});
  ASSERT_EQ(file.tensors().size(), tensors.size());
  EXPECT_THAT(file.metadata(), IsEmpty());
  for (const TensorToWrite& written : tensors) {
    const TensorView& read = file.tensor(written.name);
    EXPECT_EQ(read.type, written.type);
    EXPECT_EQ(read.shape, written.shape);
    EXPECT_EQ(bytes_of(read), data.substr(0, written.data.size()));
  }
}

TEST(Safetensors, NamesAndMetadataOfAnyTextComeBack) {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "caf\xc3\xa9",
                                          "\xe7\x8a\xac \xf0\x9f\x90\x95",
                                          "\"quoted\" \\ {\"a\":[1]}",
                                          "two\nlines\r\n\ttab",
                                          std::string("nul \0 inside", 12),
                                          "\x7f\x01\x1f",
                                          std::string(5000, 'x')};
  Metadata metadata;
  std::vector<TensorToWrite> tensors;
  const std::string byte = "!";
  for (const std::string& text : texts) {
    metadata[text] = text;
    tensors.push_back({text, TensorType::uint8, {1}, testing::as_span(byte)});
  }
  const SafetensorsFile file = round_trip(tensors, metadata);
  EXPECT_EQ(file.metadata(), metadata);
  for (const std::string& text : texts) EXPECT_EQ(bytes_of(file.tensor(text)), "!") << text;
}

TEST(Safetensors, NoTensorAtAll) {
  EXPECT_THAT(round_trip({}, {}).tensors(), IsEmpty());
  EXPECT_THAT(round_trip({}, {{"format", "x"}}).tensors(), IsEmpty());
  EXPECT_THAT(testing::open_safetensors(safetensors_bytes("{}", "")).tensors(), IsEmpty());
}

TEST(Safetensors, DataStartAligned) {
  const testing::ScratchFolder folder;
  for (std::size_t length = 1; length < 10; ++length) {
    const std::string byte = "!";
    const std::vector<TensorToWrite> tensors = {
        {std::string(length, 'n'), TensorType::uint8, {1}, testing::as_span(byte)}};
    write_safetensors(folder.path("x"), tensors, {});
    EXPECT_EQ(folder.read("x").size() % 64, 1u) << "one byte of data behind a multiple of 64";
  }
}

TEST(Safetensors, FilesMadeElsewhereReadInAnyOrderOfEntries) {
  const std::string header = "{" + tensor_entry("b", "F32", "[2]", 4, 12) +
                             ", \"__metadata__\": {\"k\": \"v\"},\n " +
                             tensor_entry("a", "BF16", "[1,2]", 0, 4) + "}   ";
  const SafetensorsFile file = testing::open_safetensors(safetensors_bytes(
      header, raw_bytes<std::uint16_t>({0x3f80, 0xc000}) + raw_bytes<float>({0.5f, 0.25f})));
  EXPECT_THAT(to_float32(file.tensor("a"), "a"), ElementsAre(1.0f, -2.0f));
  EXPECT_THAT(to_float32(file.tensor("b"), "b"), ElementsAre(0.5f, 0.25f)) << "and not aligned";
  EXPECT_EQ(file.metadata().at("k"), "v");
}

TEST(Safetensors, EveryFloatTypeConverts) {
  const auto read = [](const std::string& dtype, const std::string& data) {
    const std::string header = "{" + tensor_entry("t", dtype, "[2]", 0, data.size()) + "}";
    const SafetensorsFile file = testing::open_safetensors(safetensors_bytes(header, data));
    return to_float32(file.tensor("t"), "x.safetensors:t");
  };
  EXPECT_THAT(read("F16", raw_bytes<std::uint16_t>({0x3c00, 0xb800})), ElementsAre(1.0f, -0.5f));
  EXPECT_THAT(read("BF16", raw_bytes<std::uint16_t>({0x3f80, 0xbf00})), ElementsAre(1.0f, -0.5f));
  EXPECT_THAT(read("F32", raw_bytes<float>({1.0f, -0.5f})), ElementsAre(1.0f, -0.5f));
  EXPECT_THAT(read("F64", raw_bytes<double>({1.0, 1e300})), ElementsAre(1.0f, INFINITY));
  for (const auto& [dtype, size] : Metadata{{"I32", "aaaabbbb"}, {"I64", "aaaabbbbccccdddd"}, {"U8", "ab"}}) {
    EXPECT_THAT(testing::file_error([&] { read(dtype, size); }),
                AllOf(HasSubstr("x.safetensors:t: found an integer tensor"),
                      HasSubstr("expected F16, BF16, F32 or F64")));
  }
}

TEST(Safetensors, AbsentTensorsAreNamed) {
  const testing::ScratchFolder folder;
  const SafetensorsFile file(folder.write("x.safetensors", safetensors_bytes("{}", "")));
  EXPECT_THAT(testing::file_error([&] { file.tensor("atoms"); }),
              AllOf(HasSubstr("x.safetensors"), HasSubstr("no tensor \"atoms\"")));
}

/// What the reader would refuse is never written, and what stood there stays.
TEST(Safetensors, UnsoundTensorsAreNotWritten) {
  const testing::ScratchFolder folder;
  const auto path = folder.write("x.safetensors", "older");
  const std::string data(8, 'x');
  const auto refusal = [&](const std::vector<TensorToWrite>& tensors, const Metadata& metadata) {
    return testing::file_error([&] { write_safetensors(path, tensors, metadata); });
  };
  const TensorToWrite sound = {"t", TensorType::float32, {2}, testing::as_span(data)};
  EXPECT_THAT(refusal({sound, sound}, {}),
              AllOf(HasSubstr("x.safetensors: found two tensors \"t\""), HasSubstr("a name of its own")));
  EXPECT_THAT(refusal({{"__metadata__", TensorType::float32, {2}, testing::as_span(data)}}, {}),
              HasSubstr("reserved name"));
  EXPECT_THAT(refusal({{"t", TensorType::float32, {3}, testing::as_span(data)}}, {}),
              HasSubstr("x.safetensors:t: found 8 bytes of data"));
  EXPECT_THAT(refusal({{"t", TensorType::float32, {-1}, testing::as_span(data)}}, {}),
              HasSubstr("found 8 bytes of data"));
  EXPECT_THAT(refusal({{"caf\xe9", TensorType::float32, {2}, testing::as_span(data)}}, {}),
              HasSubstr("expected UTF-8 names"));
  EXPECT_THAT(refusal({sound}, {{"name", "caf\xe9"}}), HasSubstr("expected UTF-8 names and metadata"));
  EXPECT_THAT(refusal({sound}, {{"name", std::string(100'000'001, 'x')}}), HasSubstr("at most 100 MB"));
  EXPECT_EQ(folder.read("x.safetensors"), "older");
  EXPECT_THAT(folder.entries(), ElementsAre("x.safetensors"));
}

}  // namespace
}  // namespace splice_cuda::io
