#include "splice_cuda/side_by_side.hpp"

#include <gtest/gtest.h>

#include <array>

namespace splice_cuda {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr Colour red = {220, 20, 60};
constexpr Colour green = {10, 200, 30};
constexpr Colour black = {0, 0, 0};

Image filled(std::int32_t height, std::int32_t width, Colour colour) {
  Image image{height, width, {}};
  for (std::int32_t i = 0; i < height * width; ++i) image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  return image;
}

Colour at(const Image& image, std::int32_t y, std::int32_t x) {
  const auto place = static_cast<std::size_t>(y * image.width + x) * 3;
  return {image.pixels[place], image.pixels[place + 1], image.pixels[place + 2]};
}

TEST(SideBySide, PadsToASquare) {
  // 20 x 30 beside 40 x 20, which becomes 20 x 10: 20 x 40 in the middle of 40 x 40.
  const Image joint = side_by_side(filled(20, 30, red), filled(40, 20, green), JointLayout::pad);
  ASSERT_EQ(joint.height, 40);
  ASSERT_EQ(joint.width, 40);
  for (std::int32_t y = 0; y < 40; ++y) {
    for (std::int32_t x = 0; x < 40; ++x) {
      EXPECT_EQ(at(joint, y, x), y < 10 || y >= 30 ? black : x < 30 ? red : green) << y << ", " << x;
    }
  }
}

TEST(SideBySide, PadsHighPicturesAtTheirSides) {
  const Image joint = side_by_side(filled(90, 10, red), filled(90, 20, green), JointLayout::pad);
  ASSERT_EQ(joint.height, 90);
  EXPECT_EQ(at(joint, 0, 29), black);
  EXPECT_EQ(at(joint, 0, 30), red);
  EXPECT_EQ(at(joint, 89, 39), red);
  EXPECT_EQ(at(joint, 89, 40), green);
  EXPECT_EQ(at(joint, 45, 60), black);
}

TEST(SideBySide, SquashesIntoHalves) {
  const Image joint = side_by_side(filled(30, 50, red), filled(80, 20, green), JointLayout::squash);
  ASSERT_EQ(joint.height, 30);
  ASSERT_EQ(joint.width, 30);
  for (std::int32_t x = 0; x < 30; ++x) EXPECT_EQ(at(joint, 17, x), x < 15 ? red : green);
}

TEST(SideBySide, BoundsTheSquare) {
  for (const JointLayout layout : {JointLayout::pad, JointLayout::squash}) {
    const Image joint = side_by_side(filled(300, 400, red), filled(500, 100, green), layout, 64);
    EXPECT_EQ(joint.height, joint.width);
    EXPECT_LE(joint.height, 64);
    // Lines, and a line across a line.
    for (const auto& [left, right] : {std::pair(filled(1, 3000, red), filled(3000, 1, green)), std::pair(filled(1, 1, red), filled(1, 1, green)),
                                      std::pair(filled(3000, 1, red), filled(3000, 1, green))}) {
      const Image lines = side_by_side(left, right, layout, 64);
      EXPECT_EQ(lines.height, lines.width);
      EXPECT_LE(lines.height, 64);
      EXPECT_EQ(lines.pixels.size(), static_cast<std::size_t>(lines.height * lines.width * 3));
    }
  }
}

TEST(SideBySide, RefusesWhatIsNoPicture) {
  const Image good = filled(4, 4, red);
  Image bad = good;
  bad.pixels.pop_back();
  EXPECT_THROW(side_by_side(good, bad, JointLayout::pad), ArgumentError);
  EXPECT_THROW(side_by_side(Image{}, good, JointLayout::squash), ArgumentError);
  EXPECT_THROW(side_by_side(good, good, JointLayout::pad, 1), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda
