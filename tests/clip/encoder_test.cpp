// What surrounds the towers, with a tower that needs no LibTorch (fake_tower.cpp).

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clip/image_bytes.hpp"
#include "clip/model_files.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Paths = std::vector<std::filesystem::path>;

class EncoderTest : public ::testing::Test {
 protected:
  EncoderTest() { ::setenv("SPLICE_TORCHSCRIPT_LIBRARY", SPLICE_FAKE_TOWER_LIBRARY, 1); }
  ~EncoderTest() override { ::unsetenv("SPLICE_FAKE_TOWER"); }

  ClipEncoder load(std::int64_t batch_size = 4, std::int32_t threads = 2) const {
    ClipOptions options;
    options.batch_size = batch_size;
    options.threads = threads;
    return ClipEncoder::load(files_.folder(), options);
  }
  /// Pictures of one grey each, so that embeddings tell them apart.
  Paths grey_pictures(int count) const {
    Paths paths;
    for (int i = 0; i < count; ++i) {
      std::string bytes = "P";  // no picture
      if (i % 7 != 3) bytes = png_bytes(8, 8 + i, PNG_COLOR_TYPE_RGB);
      paths.push_back(scratch_.write(std::to_string(i) + ".png", bytes));
    }
    return paths;
  }
  ModelFiles files_;
  ScratchFolder scratch_;
};

TEST_F(EncoderTest, KeepsTheOrderAndSkipsWhatIsBroken) {
  ClipEncoder encoder = load();
  const Paths paths = grey_pictures(40);
  std::vector<float> expected;
  std::vector<std::int64_t> sound;
  for (std::int64_t i = 0; i < 40; ++i) {
    if (i % 7 == 3) continue;
    const Image image = read_image(paths[static_cast<std::size_t>(i)]);
    std::vector<float> row(4);
    encoder.embed_images(std::span(&image, 1), {row.data(), 1, 4});
    expected.insert(expected.end(), row.begin(), row.end());
    sound.push_back(i);
  }
  for (const std::int32_t threads : {1, 2, 8}) {
    for (const std::int64_t batch : {1, 3, 64}) {
      std::vector<float> found;
      std::vector<std::int64_t> indices;
      ClipEncoder other = load(batch, threads);
      const std::vector<SkippedImage> skipped = other.embed_images(paths, [&](const EmbeddedImages& part) {
        EXPECT_LE(part.embeddings.rows, batch);
        EXPECT_EQ(static_cast<std::size_t>(part.embeddings.rows), part.indices.size());
        indices.insert(indices.end(), part.indices.begin(), part.indices.end());
        found.insert(found.end(), part.embeddings.data, part.embeddings.data + part.embeddings.rows * 4);
      });
      EXPECT_EQ(indices, sound);
      EXPECT_EQ(found, expected);
      ASSERT_EQ(skipped.size(), 6u);
      EXPECT_EQ(skipped[1].index, 10);
      EXPECT_THAT(skipped[1].reason, AllOf(HasSubstr("10.png"), HasSubstr("JPEG, PNG or WebP")));
    }
  }
}

TEST_F(EncoderTest, NothingToDo) {
  ClipEncoder encoder = load();
  int calls = 0;
  EXPECT_TRUE(encoder.embed_images(Paths{}, [&](const EmbeddedImages&) { ++calls; }).empty());
  EXPECT_EQ(encoder.embed_images(Paths{"/absent.jpg"}, [&](const EmbeddedImages&) { ++calls; }).size(), 1u);
  EXPECT_EQ(calls, 0);
  encoder.embed_images(std::span<const Image>{}, {nullptr, 0, 4});
  EXPECT_TRUE(encoder.embed_texts({}, {nullptr, 0, 4}).empty());
}

TEST_F(EncoderTest, AnErrorInTakeEndsItAll) {
  ClipEncoder encoder = load(2);
  const Paths paths = grey_pictures(60);
  int calls = 0;
  EXPECT_THROW(encoder.embed_images(paths,
                                    [&](const EmbeddedImages&) {
                                      if (++calls == 2) throw CancelledError("enough");
                                    }),
               CancelledError);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(encoder.embed_images(paths, [](const EmbeddedImages&) {}).size(), 9u)
      << "and it works afterwards";
}

TEST_F(EncoderTest, AListWhereNothingDecodesCanBeStopped) {
  ClipEncoder encoder = load(4);
  const Paths absent(50, "/absent.jpg");
  std::int64_t rows = 0;
  int calls = 0;
  EXPECT_EQ(encoder
                .embed_images(absent,
                              [&](const EmbeddedImages& part) {
                                ++calls;
                                rows += part.embeddings.rows + static_cast<std::int64_t>(part.indices.size());
                              })
                .size(),
            50u);
  EXPECT_EQ(calls, 12);
  EXPECT_EQ(rows, 0);
  EXPECT_THROW(encoder.embed_images(absent, [](const EmbeddedImages&) { throw CancelledError("enough"); }),
               CancelledError);
}

TEST_F(EncoderTest, PicturesThatAreNoFiles) {
  const auto picture = [](std::int64_t index) {
    const auto side = static_cast<std::int32_t>(8 + index % 3);
    const auto bytes = static_cast<std::size_t>(side * side * 3);
    return Image{side, side, std::vector<std::uint8_t>(bytes, static_cast<std::uint8_t>(40 + index))};
  };
  for (const std::int32_t threads : {1, 2, 8}) {
    for (const std::int64_t batch : {1, 3, 64}) {
      ClipEncoder encoder = load(batch, threads);
      std::atomic<std::int64_t> made{0};
      std::vector<std::int64_t> indices;
      const auto make = [&](std::int64_t index) {
        made += 1;
        if (index % 5 == 2) throw FileError("archive.tar/" + std::to_string(index) + ": found nothing, expected a picture");
        if (index % 11 == 7) throw std::bad_alloc();
        return picture(index);
      };
      const std::vector<SkippedImage> skipped = encoder.embed_images(200, make, [&](const EmbeddedImages& part) {
        for (std::size_t i = 0; i < part.indices.size(); ++i) {
          // The fake tower: column j is the mean of the normalised pixels times j + 1. Every picture is of one grey.
          const double grey = (static_cast<double>(40 + part.indices[i]) / 255.0 - 0.5) / 0.25;
          for (int j = 0; j < 4; ++j) EXPECT_NEAR(part.embeddings.row(static_cast<std::int64_t>(i))[j], grey * (j + 1), 1e-5);
        }
        indices.insert(indices.end(), part.indices.begin(), part.indices.end());
        if (part.indices.empty()) return;
        // Whoever takes slowly finds a batch and a picture a thread made ahead, and never more.
        const std::int64_t ahead = std::min<std::int64_t>(200, part.indices.back() + 1 + batch + threads);
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (made < ahead && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
        std::this_thread::yield();
        EXPECT_EQ(made, ahead);
      });
      std::vector<std::int64_t> expected;
      for (std::int64_t i = 0; i < 200; ++i) {
        if (i % 5 != 2 && i % 11 != 7) expected.push_back(i);
      }
      EXPECT_EQ(indices, expected);
      EXPECT_EQ(made, 200) << "each once";
      ASSERT_EQ(skipped.size(), 200 - expected.size());
      EXPECT_EQ(skipped[0].index, 2);
      EXPECT_THAT(skipped[0].reason, HasSubstr("archive.tar/2"));
      EXPECT_EQ(skipped[1].index, 7);
    }
  }
}

TEST_F(EncoderTest, WhatAMakerThrowsBesidesEndsItAll) {
  ClipEncoder encoder = load(2);
  const auto nothing = [](const EmbeddedImages&) {};
  const auto failing = [](std::int64_t index) -> Image {
    if (index == 9) throw std::logic_error("a mistake");
    return {1, 1, {1, 2, 3}};
  };
  EXPECT_THROW(encoder.embed_images(50, failing, nothing), std::logic_error);
  EXPECT_THROW(encoder.embed_images(50, [](std::int64_t) -> Image { throw CancelledError("enough"); }, nothing), CancelledError);
  EXPECT_THAT(argument_error([&] {
                encoder.embed_images(5, [](std::int64_t index) { return Image{2, 2, std::vector<std::uint8_t>(index == 3 ? 11 : 12)}; },
                                     nothing);
              }),
              AllOf(HasSubstr("make: 11 bytes for 2 x 2 given at 3")));
  EXPECT_THAT(argument_error([&] { encoder.embed_images(-1, failing, nothing); }), HasSubstr("count"));
  EXPECT_THAT(argument_error([&] { encoder.embed_images(1, nullptr, nothing); }), HasSubstr("make"));
  EXPECT_TRUE(encoder.embed_images(9, failing, nothing).empty()) << "and it works afterwards";
}

TEST_F(EncoderTest, AnErrorOfTheTowerEndsItAll) {
  ClipEncoder encoder = load(2);
  ::setenv("SPLICE_FAKE_TOWER", "fails", 1);
  EXPECT_THAT(
      thrown_message<Error>([&] { encoder.embed_images(grey_pictures(9), [](const EmbeddedImages&) {}); }),
      HasSubstr("network failed"));
}

TEST_F(EncoderTest, Texts) {
  ClipEncoder encoder = load(2);
  EXPECT_TRUE(encoder.has_text());
  EXPECT_EQ(encoder.tokenizer().context_length(), 8);
  const std::vector<std::string> texts = {"b", "b b b", "b b b b b b b b", "", "b b b b b b b b b"};
  std::vector<float> rows(5 * 6, -1.0f);
  EXPECT_THAT(encoder.embed_texts(texts, {rows.data(), 5, 4, 6}), ElementsAre(2, 4));
  EXPECT_EQ(rows[0], 3.0f);
  EXPECT_EQ(rows[6 + 1], 6.0f);
  EXPECT_EQ(rows[12 + 3], 11.0f);
  EXPECT_EQ(rows[4], -1.0f) << "what lies beyond a row's columns is not touched";
}

TEST_F(EncoderTest, ModelsWithoutTextTower) {
  files_.json.erase("text");
  files_.save();
  ClipEncoder encoder = load();
  EXPECT_FALSE(encoder.has_text());
  const std::vector<std::string> texts = {"a"};
  std::vector<float> row(4);
  EXPECT_THAT(argument_error([&] {
                encoder.embed_texts(texts, {row.data(), 1, 4});
              }),
              HasSubstr("no text tower"));
  EXPECT_THAT(argument_error([&] { encoder.tokenizer(); }), HasSubstr("tiny"));
}

TEST_F(EncoderTest, WrongArguments) {
  ClipEncoder encoder = load();
  std::vector<float> rows(8);
  const std::vector<std::string> texts = {"a", "b"};
  EXPECT_THAT(argument_error([&] {
                encoder.embed_texts(texts, {rows.data(), 2, 3});
              }),
              AllOf(HasSubstr("out"), HasSubstr("[2, 4]")));
  EXPECT_THAT(argument_error([&] { encoder.embed_texts(texts, {rows.data(), 1, 4}); }), HasSubstr("out"));
  EXPECT_THAT(argument_error([&] { encoder.embed_texts(texts, {nullptr, 2, 4}); }), HasSubstr("null"));
  const Image broken = {3, 3, {1, 2, 3}};
  EXPECT_THAT(argument_error([&] {
                encoder.embed_images(std::span(&broken, 1), {rows.data(), 1, 4});
              }),
              HasSubstr("images"));
  EXPECT_THAT(argument_error([&] { load(0); }), HasSubstr("batch_size"));
  EXPECT_THAT(argument_error([&] { load(1, -1); }), HasSubstr("threads"));
}

TEST_F(EncoderTest, LargePicturesAreSkipped) {
  ClipOptions options;
  options.max_pixels = 79;
  ClipEncoder encoder = ClipEncoder::load(files_.folder(), options);
  const std::vector<SkippedImage> skipped =
      encoder.embed_images(grey_pictures(4), [](const EmbeddedImages&) {});
  ASSERT_EQ(skipped.size(), 2u);
  EXPECT_THAT(skipped[0].reason, HasSubstr("2.png"));
}

TEST_F(EncoderTest, TowersThatDoNotFit) {
  ::setenv("SPLICE_FAKE_TOWER", "narrow", 1);
  EXPECT_THAT(file_error([&] { load(); }), HasSubstr("[1, 3]"));
  ::setenv("SPLICE_FAKE_TOWER", "old", 1);
  EXPECT_THAT(thrown_message<Error>([&] { load(); }), HasSubstr("version"));
  ::unsetenv("SPLICE_FAKE_TOWER");
  files_.replace("image.pt", zip_bytes(torchscript_members(hostile_pickle)));
  EXPECT_THAT(file_error([&] { load(); }), AllOf(HasSubstr("image.pt"), HasSubstr("os.system")));
}

TEST_F(EncoderTest, ExtrasAreChecked) {
  files_.json["dictionary"] = "dictionary.safetensors";
  files_.json["image_mean"] = "image_mean.npy";
  files_.scratch().write("dictionary.safetensors", "x");
  files_.list("dictionary.safetensors");
  files_.replace("image_mean.npy", "no array");
  EXPECT_THAT(file_error([&] { load(); }), HasSubstr("image_mean.npy"));
  files_.json.erase("image_mean");
  files_.save();
  EXPECT_EQ(load().dictionary_path(), files_.folder() / "dictionary.safetensors");
  EXPECT_FALSE(load().vocabulary_path());
}

}  // namespace
}  // namespace splice_cuda::testing
