#include "cli/report/picture_data.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cli/report/base64.hpp"
#include "cli/report/jpeg_writer.hpp"
#include "clip/decoders.hpp"
#include "clip/resize.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t small_file = std::size_t{96} << 10;
constexpr std::int64_t card_side = 448;
constexpr std::int64_t cell_side = 160;
constexpr int quality = 85;

Image smaller(const Image& image, std::int64_t longest_side) {
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
    data.uri = "data:image/jpeg;base64," + base64(write_jpeg(smaller(image, card_side), quality));
  }
  return data;
}

PictureData thumbnail_data(const std::filesystem::path& path) {
  const Image image = decode_image(clip::read_encoded(path), path.string());
  return {"data:image/jpeg;base64," + base64(write_jpeg(smaller(image, cell_side), quality)), image.width, image.height};
}

}  // namespace splice_cuda::cli
