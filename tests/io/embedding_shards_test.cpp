#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/embedding_source.hpp"
#include "npy_bytes.hpp"
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

std::vector<float> read_folder(const ScratchFolder& folder) {
  const auto source = EmbeddingSource::open(folder.root());
  return read(*source, 0, source->rows());
}

std::string refusal_of_shards(const ScratchFolder& folder) {
  return file_error([&] { EmbeddingSource::open(folder.root()); });
}

TEST(EmbeddingShards, NumbersSayTheOrder) {
  const ScratchFolder folder;
  for (const int number : {10, 2, 0, 100, 33}) {
    folder.write("img_emb_" + std::to_string(number) + ".npy",
                 npy_matrix({static_cast<float>(number)}, 1, 1));
  }
  EXPECT_THAT(read_folder(folder), ElementsAre(0, 2, 10, 33, 100));
}

TEST(EmbeddingShards, LeadingZerosAndGapsAreFine) {
  const ScratchFolder folder;
  folder.write("img_emb_0009.npy", npy_matrix({9}, 1, 1));
  folder.write("img_emb_10.npy", npy_matrix({10}, 1, 1));
  folder.write("img_emb_18446744073709551615.npy", npy_matrix({64}, 1, 1));
  EXPECT_THAT(read_folder(folder), ElementsAre(9, 10, 64));
}

TEST(EmbeddingShards, OtherFilesAreNotRead) {
  const ScratchFolder folder;
  folder.write("img_emb_1.npy", npy_matrix({1}, 1, 1));
  for (const char* name :
       {"text_emb_0.npy", "img_emb_.npy", "img_emb_x.npy", "img_emb_2.npz", "img_emb_3.npy.tmp",
        "img_emb_-4.npy", "img_emb_ 5.npy", "img_emb_6x.npy", "metadata_0.parquet"}) {
    folder.write(name, "no array");
  }
  EXPECT_THAT(read_folder(folder), ElementsAre(1));
}

TEST(EmbeddingShards, OneNumberTwiceIsRefused) {
  const ScratchFolder folder;
  folder.write("img_emb_1.npy", npy_matrix({1}, 1, 1));
  folder.write("img_emb_01.npy", npy_matrix({1}, 1, 1));
  EXPECT_THAT(refusal_of_shards(folder),
              AllOf(HasSubstr(folder.root().string() + ": found both img_emb_"), HasSubstr("img_emb_01.npy"),
                    HasSubstr("expected one shard of each number")));
}

TEST(EmbeddingShards, NumbersBeyondCountingAreRefusedNotLeftOut) {
  const ScratchFolder folder;
  folder.write("img_emb_1.npy", npy_matrix({1}, 1, 1));
  folder.write("img_emb_18446744073709551616.npy", npy_matrix({1}, 1, 1));
  EXPECT_THAT(refusal_of_shards(folder),
              AllOf(HasSubstr("img_emb_18446744073709551616.npy"), HasSubstr("beyond 2^64")));
}

TEST(EmbeddingShards, FoldersWithoutShardsAreRefused) {
  const ScratchFolder folder;
  EXPECT_THAT(refusal_of_shards(folder), AllOf(HasSubstr(folder.root().string() + ": found no img_emb_N.npy"),
                                     HasSubstr("a folder of such shards")));
  folder.write("text_emb_0.npy", npy_matrix({1}, 1, 1));
  EXPECT_THAT(refusal_of_shards(folder), HasSubstr("found no img_emb_N.npy"));
}

TEST(EmbeddingShards, ShardsOfOtherLengthNameTheFile) {
  const ScratchFolder folder;
  folder.write("img_emb_0.npy", npy_matrix({1, 2}, 1, 2));
  folder.write("img_emb_1.npy", npy_matrix({1, 2, 3}, 1, 3));
  EXPECT_THAT(refusal_of_shards(folder), AllOf(HasSubstr("img_emb_1.npy: found rows of length 3"),
                                     HasSubstr("expected 2, as in the first shard")));
}

TEST(EmbeddingShards, UnsoundShardsNameTheFile) {
  const ScratchFolder folder;
  folder.write("img_emb_0.npy", npy_matrix({1, 2}, 1, 2));
  for (const std::string& bytes :
       {std::string(), npy_matrix({1, 2}, 1, 2).substr(0, 70),
        npy_bytes(npy_dict("<i4", "(1, 2)"), "abcdabcd"), npy_bytes(npy_dict("<f4", "(2,)"), "abcdabcd")}) {
    folder.write("img_emb_1.npy", bytes);
    EXPECT_THAT(refusal_of_shards(folder), AllOf(HasSubstr("img_emb_1.npy: found "), HasSubstr(", expected ")));
  }
  std::filesystem::remove(folder.path("img_emb_1.npy"));
  std::filesystem::create_directory(folder.path("img_emb_1.npy"));
  EXPECT_THAT(refusal_of_shards(folder), AllOf(HasSubstr("img_emb_1.npy"), HasSubstr("not a regular file")));
  std::filesystem::remove(folder.path("img_emb_1.npy"));
  std::filesystem::create_symlink("nowhere", folder.path("img_emb_1.npy"));
  EXPECT_THAT(refusal_of_shards(folder), AllOf(HasSubstr("img_emb_1.npy"), HasSubstr("No such file")));
}

TEST(EmbeddingShards, ElementTypesMayDiffer) {
  const ScratchFolder folder;
  folder.write("img_emb_0.npy", npy_bytes(npy_dict("<f2", "(1, 1)"), raw_bytes<std::uint16_t>({0x3c00})));
  folder.write("img_emb_1.npy", npy_bytes(npy_dict("<f8", "(1, 1)"), raw_bytes<double>({2})));
  folder.write("img_emb_2.npy", npy_matrix({3}, 1, 1));
  EXPECT_THAT(read_folder(folder), ElementsAre(1, 2, 3));
}

/// Every block of shards of 0 to 3 rows, empty ones first, between and last.
TEST(EmbeddingShards, BlocksMayCrossShards) {
  const ScratchFolder folder;
  std::int64_t rows = 0;
  int number = 0;
  for (const std::int64_t count : {0, 1, 0, 0, 3, 2, 0, 1, 0}) {
    std::vector<float> values(static_cast<std::size_t>(2 * count));
    std::iota(values.begin(), values.end(), static_cast<float>(2 * rows));
    folder.write("img_emb_" + std::to_string(number++) + ".npy", npy_matrix(values, count, 2));
    rows += count;
  }
  const auto source = EmbeddingSource::open(folder.root());
  ASSERT_EQ(source->rows(), rows);
  for (std::int64_t first = 0; first <= rows; ++first) {
    for (std::int64_t count = 0; first + count <= rows; ++count) {
      std::vector<float> expected(static_cast<std::size_t>(2 * count));
      std::iota(expected.begin(), expected.end(), static_cast<float>(2 * first));
      EXPECT_EQ(read(*source, first, count), expected) << first << " " << count;
    }
  }
}

TEST(EmbeddingShards, OnlyEmptyShardsAreAnEmptySource) {
  const ScratchFolder folder;
  for (const char* name : {"img_emb_0.npy", "img_emb_1.npy"}) folder.write(name, npy_matrix({}, 0, 5));
  const auto source = EmbeddingSource::open(folder.root());
  EXPECT_EQ(source->rows(), 0);
  EXPECT_EQ(source->dim(), 5);
  EXPECT_THAT(read(*source, 0, 0), ElementsAre());
}

}  // namespace
}  // namespace splice_cuda::io
