// Damaged pictures: decoded, or refused with a FileError; nothing else (sanitizers watch in `make asan`).

#include <gtest/gtest.h>

#include "clip/image_bytes.hpp"
#include "io/byte_fuzz.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda::testing {
namespace {

TEST(DecodeFuzz, DamagedPicturesAreDecodedOrRefused) {
  const std::vector<std::string> sound = {
      jpeg_bytes(33, 45, 3),
      jpeg_bytes(33, 45, 3, true),
      jpeg_bytes(20, 30, 1),
      jpeg_bytes(20, 30, 4),
      png_bytes(20, 30, PNG_COLOR_TYPE_RGB),
      png_bytes(20, 30, PNG_COLOR_TYPE_PALETTE),
      png_bytes(20, 30, PNG_COLOR_TYPE_GRAY_ALPHA, 16, true),
      webp_bytes(20, 30, true),
      webp_bytes(40, 30, false),
      webp_animation_bytes(20, 30),
  };
  int accepted = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    accepted += fuzz_bytes(sound[i], 300, static_cast<unsigned>(i), [](const std::string& bytes) {
      const Image image = decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                                       "damaged", 1 << 20);
      EXPECT_EQ(image.pixels.size(),
                static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) * 3);
    });
  }
  // JPEG and lossy WebP carry no checksums: some damage goes unseen. All would mean that nothing was damaged.
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, 2500);
}

TEST(DecodeFuzz, ThousandsOfScansAreCutShort) {
  // A progressive picture whose last scan is repeated: each costs a pass over all coefficients.
  const std::string sound = jpeg_bytes(64, 64, 3, true);
  const std::size_t last = sound.rfind("\xFF\xDA");
  ASSERT_NE(last, std::string::npos);
  const std::string scan = sound.substr(last, sound.size() - 2 - last);
  std::string bytes = sound.substr(0, sound.size() - 2);
  for (int i = 0; i < 3000; ++i) bytes += scan;
  bytes += sound.substr(sound.size() - 2);
  try {
    decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "scans", 1 << 20);
    ADD_FAILURE() << "accepted";
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find("too many scans"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace splice_cuda::testing
