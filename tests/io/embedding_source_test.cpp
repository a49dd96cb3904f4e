#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/embedding_source.hpp"
#include "npy_bytes.hpp"
#include "safetensors_bytes.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::file_error;
using ::testing::HasSubstr;
using testing::npy_bytes;
using testing::npy_dict;
using testing::npy_matrix;
using testing::raw_bytes;
using testing::ScratchFolder;

std::vector<float> read(const EmbeddingSource& source, std::int64_t first, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count * source.dim()), -1.0f);
  source.read(first, MatrixView<float>(values.data(), count, source.dim()));
  return values;
}

std::string refusal_of_source(const std::filesystem::path& path) {
  return file_error([&] { EmbeddingSource::open(path); });
}

TEST(EmbeddingSource, EveryFileTypeReadsTheSame) {
  const ScratchFolder folder;
  const std::string half = raw_bytes<std::uint16_t>({0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600});
  const std::string single = raw_bytes<float>({1, 2, 3, 4, 5, 6});
  const auto safetensors = [](const std::string& entries, const std::string& data) {
    return testing::safetensors_bytes("{" + entries + "}", data);
  };
  const std::vector<std::filesystem::path> paths = {
      folder.write("half.npy", npy_bytes(npy_dict("<f2", "(3, 2)"), half)),
      folder.write("single.npy", npy_bytes(npy_dict("<f4", "(3, 2)"), single)),
      folder.write("double.npy", npy_bytes(npy_dict("<f8", "(3, 2)"), raw_bytes<double>({1, 2, 3, 4, 5, 6}))),
      folder.write("any name", npy_bytes(npy_dict("<f4", "(3, 2)"), single)),
      folder.write("half.safetensors", safetensors(testing::tensor_entry("x", "F16", "[3,2]", 0, 12), half)),
      folder.write("brain.safetensors",
                   safetensors(testing::tensor_entry("x", "BF16", "[3,2]", 0, 12),
                               raw_bytes<std::uint16_t>({0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0}))),
      folder.write("named.safetensors",
                   safetensors(testing::tensor_entry("another", "F32", "[1,1]", 24, 28) + "," +
                                   testing::tensor_entry("embeddings", "F32", "[3,2]", 0, 24),
                               single + "abcd"))};
  for (const auto& path : paths) {
    SCOPED_TRACE(path);
    const auto source = EmbeddingSource::open(path);
    EXPECT_EQ(source->rows(), 3);
    EXPECT_EQ(source->dim(), 2);
    EXPECT_THAT(read(*source, 0, 3), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(read(*source, 1, 1), ElementsAre(3, 4));
    EXPECT_THAT(read(*source, 3, 0), ElementsAre());
  }
}

TEST(EmbeddingSource, RowsGoWhereTheLeadingDimensionSays) {
  const ScratchFolder folder;
  const auto source = EmbeddingSource::open(folder.write("x.npy", npy_matrix({1, 2, 3, 4}, 2, 2)));
  std::vector<float> wide(6, -1);
  source->read(0, MatrixView<float>(wide.data(), 2, 2, 3));
  EXPECT_THAT(wide, ElementsAre(1, 2, -1, 3, 4, -1));
}

TEST(EmbeddingSource, ReadsOutOfRangeNameTheArgument) {
  const ScratchFolder folder;
  folder.write("img_emb_0.npy", npy_matrix({1, 2, 3, 4}, 2, 2));
  const std::vector<std::filesystem::path> paths = {
      folder.path("img_emb_0.npy"), folder.root(),
      folder.write("x.safetensors",
                   testing::safetensors_bytes("{" + testing::tensor_entry("x", "F32", "[2,2]", 0, 16) + "}",
                                              std::string(16, '\0')))};
  std::vector<float> buffer(12);
  for (const auto& path : paths) {
    const auto source = EmbeddingSource::open(path);
    const auto refused = [&](std::int64_t first, std::int64_t rows, std::int64_t cols, std::int64_t ld) {
      return testing::argument_error(
          [&] { source->read(first, MatrixView<float>(buffer.data(), rows, cols, ld)); });
    };
    for (const auto& [first, rows] : {std::pair<std::int64_t, std::int64_t>{2, 1},
                                      {1, 2},
                                      {0, 3},
                                      {-1, 1},
                                      {0, -1},
                                      {3, 0},
                                      {INT64_MAX, 1},
                                      {INT64_MIN, 1},
                                      {0, INT64_MAX},
                                      {-1, INT64_MIN}}) {
      EXPECT_THAT(refused(first, rows, 2, 2),
                  AllOf(HasSubstr("first: got "), HasSubstr("expected rows of the 2 there are")))
          << first << " " << rows;
    }
    EXPECT_THAT(refused(0, 2, 3, 3),
                AllOf(HasSubstr("out: got 3 columns"), HasSubstr("expected rows of length 2")));
    EXPECT_THAT(refused(0, 2, 1, 1), HasSubstr("out: got 1 columns"));
    EXPECT_THAT(refused(0, 2, 2, 1), HasSubstr("out: got "));
  }
}

TEST(EmbeddingSource, FilesThatHoldNoMatrixOfNumbersAreRefused) {
  const ScratchFolder folder;
  const auto npy = [&](const std::string& dict, std::size_t bytes) {
    return refusal_of_source(folder.write("x.npy", npy_bytes(dict, std::string(bytes, '\0'))));
  };
  EXPECT_THAT(npy(npy_dict("<f4", "(6,)"), 24),
              AllOf(HasSubstr("x.npy: found 1 dimensions"), HasSubstr("expected a matrix [rows, d]")));
  EXPECT_THAT(npy(npy_dict("<f4", "(1, 2, 3)"), 24), HasSubstr("found 3 dimensions"));
  EXPECT_THAT(npy(npy_dict("<f4", "()"), 4), HasSubstr("found 0 dimensions"));
  EXPECT_THAT(npy(npy_dict("<f4", "(3, 0)"), 0),
              AllOf(HasSubstr("found rows of length 0"), HasSubstr("1 <= d < 2^31")));
  EXPECT_THAT(npy(npy_dict("<f4", "(0, 2147483648)"), 0), HasSubstr("found rows of length 2147483648"));
  EXPECT_THAT(npy(npy_dict("<i4", "(2, 3)"), 24),
              AllOf(HasSubstr("found type <i4"), HasSubstr("float16, float32 or float64")));
  EXPECT_THAT(npy(npy_dict("<f4", "(1099511627776, 3)"), 24), HasSubstr("found 24 bytes of data"));
  const auto safetensors = [&](const std::string& entries) {
    return refusal_of_source(folder.write("x.safetensors",
                                testing::safetensors_bytes("{" + entries + "}", std::string(24, '\0'))));
  };
  EXPECT_THAT(safetensors(testing::tensor_entry("a", "F32", "[6]", 0, 24)),
              AllOf(HasSubstr("x.safetensors: found 0 matrices"), HasSubstr("one called \"embeddings\"")));
  EXPECT_THAT(safetensors(testing::tensor_entry("a", "F32", "[1,3]", 0, 12) + "," +
                          testing::tensor_entry("b", "F32", "[1,3]", 12, 24)),
              HasSubstr("found 2 matrices"));
  EXPECT_THAT(safetensors(testing::tensor_entry("embeddings", "F32", "[6]", 0, 24)),
              HasSubstr("found 1 dimensions"));
  EXPECT_THAT(safetensors(testing::tensor_entry("a", "I32", "[2,3]", 0, 24)),
              HasSubstr("found an integer tensor"));
  EXPECT_THAT(refusal_of_source(folder.path("absent.npy")), AllOf(HasSubstr("absent.npy"), HasSubstr("No such file")));
}

TEST(EmbeddingSource, FilesWithoutRowsAreEmpty) {
  const ScratchFolder folder;
  const auto source = EmbeddingSource::open(folder.write("x.npy", npy_matrix({}, 0, 2147483647)));
  EXPECT_EQ(source->rows(), 0);
  EXPECT_EQ(source->dim(), 2147483647);
}

/// The map would end the process with a signal here.
TEST(EmbeddingSource, FilesThatShrinkAfterOpeningGiveAnError) {
  const ScratchFolder folder;
  constexpr std::int64_t rows = 5000;  // more than a page
  const std::string values(rows * 8, '\0');
  std::filesystem::create_directory(folder.path("shards"));
  const std::string npy = npy_bytes(npy_dict("<f4", "(5000, 2)"), values);
  const std::string safetensors = testing::safetensors_bytes(
      "{" + testing::tensor_entry("x", "F32", "[5000,2]", 0, values.size()) + "}", values);
  const std::vector<std::pair<std::string, std::string>> files = {
      {"x.npy", npy}, {"x.safetensors", safetensors}, {"shards/img_emb_0.npy", npy}};
  for (const auto& [name, bytes] : files) {
    SCOPED_TRACE(name);
    const auto path = folder.write(name, bytes);
    const auto source = EmbeddingSource::open(name.starts_with("shards") ? folder.path("shards") : path);
    std::filesystem::resize_file(path, bytes.size() - 8);
    EXPECT_THAT(read(*source, rows - 2, 1), ElementsAre(0, 0));
    EXPECT_THAT(file_error([&] { read(*source, rows - 1, 1); }),
                AllOf(HasSubstr(path.string()), HasSubstr("the file became shorter")));
    std::filesystem::resize_file(path, 0);
    EXPECT_THAT(file_error([&] { read(*source, 0, 1); }), HasSubstr("the file became shorter"));
  }
}

/// 8 GiB of zeros that take no disk: opening maps them, and reads only the header.
TEST(EmbeddingSource, FilesLargerThanMemoryOpenAtOnce) {
  const ScratchFolder folder;
  constexpr std::int64_t rows = std::int64_t{1} << 22;
  constexpr std::int64_t dim = 512;
  const std::string header = npy_bytes(npy_dict("<f4", "(4194304, 512)"), "");
  const auto path = folder.write("x.npy", header);
  std::filesystem::resize_file(path, header.size() + static_cast<std::uintmax_t>(rows * dim) * 4);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-4, std::ios::end);
  file << raw_bytes<float>({7.0f});
  file.close();
  const auto start = std::chrono::steady_clock::now();
  const auto source = EmbeddingSource::open(path);
  EXPECT_EQ(source->rows(), rows);
  const std::vector<float> last = read(*source, rows - 2, 2);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(last.back(), 7.0f);
  EXPECT_EQ(last.front(), 0.0f);
}

}  // namespace
}  // namespace splice_cuda::io
