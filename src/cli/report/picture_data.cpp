#include "cli/report/picture_data.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cli/report/jpeg_writer.hpp"
#include "clip/decoders.hpp"
#include "clip/resize.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t small_file = std::size_t{96} << 10;
constexpr std::int64_t longest_side = 448;
constexpr int quality = 85;

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? digits[group >> (18 - 6 * k) & 63u] : '=';
  }
  return text;
}

Image smaller(const Image& image) {
  const std::int64_t side = std::max(image.height, image.width);
  if (side <= longest_side) return image;
  const auto scaled = [&](std::int64_t size) { return std::max<std::int64_t>(1, (size * longest_side + side / 2) / side); };
  const std::int64_t height = scaled(image.height);
  const std::int64_t width = scaled(image.width);
  return clip::resize(image, height, width, clip::Interpolation::bicubic, {0, 0, height, width});
}

const char* media_type(std::span<const std::uint8_t> bytes) {
  if (clip::is_png(bytes)) return "image/png";
  return clip::is_webp(bytes) ? "image/webp" : "image/jpeg";
}

}  // namespace

PictureData picture_data(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = clip::read_encoded(path);
  const Image image = decode_image(bytes, path.string());
  PictureData data{"", image.width, image.height};
  if (bytes.size() <= small_file) {
    data.uri = std::string("data:") + media_type(bytes) + ";base64," + base64(bytes);
  } else {
    data.uri = "data:image/jpeg;base64," + base64(write_jpeg(smaller(image), quality));
  }
  return data;
}

}  // namespace splice_cuda::cli
