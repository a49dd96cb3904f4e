// Resizing and normalisation by what must hold of them; bit for bit against Pillow in test_preprocessing.py.

#include <limits>

#include <gtest/gtest.h>

#include "clip/image_bytes.hpp"
#include "clip/preprocess.hpp"
#include "core/available_memory.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {
namespace {

using clip::Interpolation;

Image pattern(int height, int width) { return {height, width, test_pattern(height, width, 3)}; }

TEST(Resize, AWindowHoldsWhatTheWholeHolds) {
  for (const auto& [height, width] :
       {std::pair{57, 91}, std::pair{200, 31}, std::pair{31, 200}, std::pair{24, 40}}) {
    const Image image = pattern(height, width);
    for (const Interpolation how : {Interpolation::bilinear, Interpolation::bicubic}) {
      const Image whole = clip::resize(image, 24, 40, how, {0, 0, 24, 40});
      const Image part = clip::resize(image, 24, 40, how, {5, 7, 11, 20});
      for (std::size_t y = 0; y < 11; ++y) {
        for (std::size_t i = 0; i < 60; ++i) {
          ASSERT_EQ(part.pixels[y * 60 + i], whole.pixels[(y + 5) * 120 + 21 + i])
              << height << " x " << width;
        }
      }
    }
  }
}

TEST(Resize, ConstantPicturesStayConstant) {
  Image image = {37, 53, std::vector<std::uint8_t>(37 * 53 * 3, 201)};
  for (const std::int64_t side : {1, 5, 36, 37, 100}) {
    const Image resized = clip::resize(image, side, 2 * side, Interpolation::bicubic, {0, 0, side, 2 * side});
    for (const std::uint8_t value : resized.pixels) ASSERT_EQ(value, 201);
  }
}

TEST(Resize, WeightsThatMemoryDoesNotHoldAreRefused) {
  const Image longest = {1, std::numeric_limits<std::int32_t>::max(), {}};
  if (available_memory() > std::size_t{1} << 35) GTEST_SKIP() << "this machine has the memory";
  EXPECT_THROW(clip::resize(longest, 1, 64, Interpolation::bicubic, {0, 0, 1, 64}), OutOfMemoryError);
}

TEST(Fit, ExtremeShapesTakeTheMemoryOfTheResultOnly) {
  clip::Preprocessing how;
  how.height = how.width = 224;
  // Resized in full, these would have 224 x 22 million pixels.
  for (const auto& [height, width] : {std::pair{1, 100000}, std::pair{100000, 1}}) {
    const Image fitted = clip::fit({height, width, std::vector<std::uint8_t>(300000, 7)}, how);
    ASSERT_EQ(fitted.pixels.size(), 224u * 224u * 3u);
    for (const std::uint8_t value : fitted.pixels) ASSERT_EQ(value, 7);
  }
}

TEST(Fit, LongestPadsBothSides) {
  clip::Preprocessing how;
  how.height = how.width = 9;
  how.mode = clip::ResizeMode::longest;
  how.fill = 77;
  const Image fitted = clip::fit({4, 9, std::vector<std::uint8_t>(4 * 9 * 3, 5)}, how);
  for (std::size_t y = 0; y < 9; ++y) EXPECT_EQ(fitted.pixels[y * 27], y >= 2 && y < 6 ? 5 : 77) << y;
}

TEST(Normalization, IsThreeFloatOperations) {
  clip::Preprocessing how;
  how.height = 1;
  how.width = 2;
  how.mean = {0.1f, 0.2f, 0.3f};
  how.std = {0.5f, 0.7f, 0.9f};
  std::vector<float> out(6);
  clip::Normalization(how).apply({1, 2, {10, 20, 30, 40, 50, 60}}, out.data());
  EXPECT_EQ(out[0], (10.0f / 255.0f - 0.1f) / 0.5f);
  EXPECT_EQ(out[1], (40.0f / 255.0f - 0.1f) / 0.5f);
  EXPECT_EQ(out[2], (20.0f / 255.0f - 0.2f) / 0.7f);
  EXPECT_EQ(out[5], (60.0f / 255.0f - 0.3f) / 0.9f);
}

}  // namespace
}  // namespace splice_cuda::testing
