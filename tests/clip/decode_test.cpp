// Sound pictures of every kind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clip/image_bytes.hpp"
#include "io/scratch_folder.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Image decode(const std::string& bytes, std::int64_t max_pixels = 1 << 20) {
  return decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "picture",
                      max_pixels);
}

TEST(Decode, KeepsThePixelsOfLosslessFormats) {
  const std::vector<std::uint8_t> pattern = test_pattern(13, 17, 3);
  for (const std::string& bytes :
       {png_bytes(13, 17, PNG_COLOR_TYPE_RGB), png_bytes(13, 17, PNG_COLOR_TYPE_RGB, 8, true),
        webp_bytes(13, 17, true), webp_animation_bytes(13, 17)}) {
    const Image image = decode(bytes);
    EXPECT_EQ(image.height, 13);
    EXPECT_EQ(image.width, 17);
    EXPECT_EQ(image.pixels, pattern);
  }
}

#if !defined(__SANITIZE_THREAD__)  // which leaves no room for 4 TiB of addresses
TEST(Decode, LargeFilesAreLookedAtBeforeTheyAreRead) {
  const ScratchFolder scratch;
  const auto sparse = [&](const char* name, const std::string& start) {
    const std::filesystem::path path = scratch.write(name, start);
    std::filesystem::resize_file(path, std::uintmax_t{1} << 42);
    return path;
  };
  EXPECT_THAT(file_error([&] { read_image(sparse("zeros", "")); }), HasSubstr("another format"));
  const std::filesystem::path png = sparse("png", png_bytes(4, 5, PNG_COLOR_TYPE_RGB));
  EXPECT_THAT(thrown_message<OutOfMemoryError>([&] { read_image(png); }),
              AllOf(HasSubstr("png"), HasSubstr("4398046511104")));
}
#endif

TEST(Decode, GreyBecomesThreeEqualChannels) {
  const std::vector<std::uint8_t> grey = test_pattern(9, 11, 1);
  const Image image = decode(png_bytes(9, 11, PNG_COLOR_TYPE_GRAY));
  for (std::size_t i = 0; i < grey.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) ASSERT_EQ(image.pixels[3 * i + c], grey[i]);
  }
}

TEST(Decode, SixteenBitsGiveTheirHighByte) {
  for (const int kind : {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_RGB}) {
    const std::size_t channels = kind == PNG_COLOR_TYPE_GRAY ? 1 : 3;
    const std::vector<std::uint8_t> samples = test_pattern(6, 8, static_cast<int>(channels) * 2);
    const Image image = decode(png_bytes(6, 8, kind, 16));
    for (std::size_t i = 0; i < 48 * channels; ++i) {
      const std::size_t first = channels == 1 ? 3 * i : i;
      ASSERT_EQ(image.pixels[first], samples[2 * i]) << i;
    }
  }
}

TEST(Decode, PalettesAreLookedUp) {
  const Image image = decode(png_bytes(4, 5, PNG_COLOR_TYPE_PALETTE));
  const std::vector<std::uint8_t> indices = test_pattern(4, 5, 1);
  for (std::size_t i = 0; i < 20; ++i) {
    const int index = indices[i] % 16;
    EXPECT_EQ(image.pixels[3 * i], index * 16);
    EXPECT_EQ(image.pixels[3 * i + 1], 255 - index * 16);
    EXPECT_EQ(image.pixels[3 * i + 2], index);
  }
}

TEST(Decode, EveryKindOfJpeg) {
  for (const int channels : {1, 3, 4}) {
    for (const bool progressive : {false, true}) {
      const Image image = decode(jpeg_bytes(21, 34, channels, progressive));
      EXPECT_EQ(image.height, 21);
      EXPECT_EQ(image.pixels.size(), 21u * 34u * 3u);
    }
  }
}

TEST(Decode, SaysWhatIsWrong) {
  EXPECT_THAT(file_error([] { decode(""); }), AllOf(HasSubstr("picture"), HasSubstr("empty")));
  EXPECT_THAT(file_error([] { decode("GIF89a and more"); }), HasSubstr("JPEG, PNG or WebP"));
  EXPECT_THAT(file_error([] { decode("\xFF\xD8\xFF"); }), HasSubstr("truncated"));
  EXPECT_THAT(file_error([] { decode(png_bytes(9, 9, PNG_COLOR_TYPE_RGB).substr(0, 60)); }),
              HasSubstr("truncated"));
  EXPECT_THAT(file_error([] { decode(webp_bytes(9, 9, true).substr(0, 40)); }), HasSubstr("truncated"));
}

TEST(Decode, RefusesLargePicturesBeforeMakingRoomForThem) {
  for (const std::string& bytes :
       {jpeg_bytes(40, 50, 3), png_bytes(40, 50, PNG_COLOR_TYPE_RGB), webp_bytes(40, 50, false)}) {
    EXPECT_THAT(file_error([&] { decode(bytes, 1999); }), AllOf(HasSubstr("50 x 40"), HasSubstr("1999")));
    EXPECT_EQ(decode(bytes, 2000).width, 50);
  }
  // Headers that promise 65535 x 65535 and 2^31 - 1 squared.
  std::string jpeg = jpeg_bytes(40, 50, 3);
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  EXPECT_THAT(file_error([&] { decode(jpeg, std::int64_t{1} << 28); }), HasSubstr("65500 pixels"));
}

TEST(Decode, FilesThatCantBeRead) {
  const ScratchFolder scratch;
  EXPECT_THAT(file_error([&] { read_image(scratch.path("absent.jpg")); }), HasSubstr("absent.jpg"));
  EXPECT_THAT(file_error([&] { read_image(scratch.root()); }), HasSubstr("regular file"));
  scratch.write("a.jpg", png_bytes(3, 4, PNG_COLOR_TYPE_RGB));
  EXPECT_EQ(read_image(scratch.path("a.jpg")).width, 4) << "by content, not by name";
  EXPECT_THAT(argument_error([&] { read_image(scratch.path("a.jpg"), 0); }), HasSubstr("max_pixels"));
}

TEST(ListImages, InOrderOfPathsAndBelow) {
  const ScratchFolder scratch;
  std::filesystem::create_directories(scratch.path("b/c.jpg"));
  std::filesystem::create_directory_symlink(scratch.root(), scratch.path("b/circle"));
  for (const char* name : {"z.PNG", "a.jpeg", "b/x.webp", "b/c.jpg/y.Jpg", "b/notes.txt", "noext"})
    scratch.write(name, "");
  const std::vector<std::filesystem::path> found = list_images(scratch.root());
  std::vector<std::string> names;
  for (const auto& path : found) names.push_back(std::filesystem::relative(path, scratch.root()).string());
  EXPECT_THAT(names, ::testing::ElementsAre("a.jpeg", "b/c.jpg/y.Jpg", "b/x.webp", "z.PNG"));
  EXPECT_THAT(file_error([&] { list_images(scratch.path("noext")); }), HasSubstr("noext"));
  EXPECT_THAT(file_error([&] { list_images(scratch.path("absent")); }), HasSubstr("absent"));
}

}  // namespace
}  // namespace splice_cuda::testing
