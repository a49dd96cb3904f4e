// Files and formats: which decoder takes which bytes.

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "clip/decoders.hpp"
#include "core/available_memory.hpp"
#include "io/mapped_file.hpp"

namespace splice_cuda {
namespace clip {
namespace {

template <std::size_t n>
bool has_at(std::span<const std::uint8_t> bytes, std::size_t at,
            const std::array<std::uint8_t, n>& expected) noexcept {
  return bytes.size() >= at + n && std::memcmp(bytes.data() + at, expected.data(), n) == 0;
}

thread_local LargePictureTurn* kept_turn = nullptr;

/// @throws FileError
void check_format(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.empty()) throw FileError(name + ": found an empty file, expected a picture");
  if (is_jpeg(bytes) || is_png(bytes) || is_webp(bytes)) return;
  throw FileError(name + ": found another format, expected JPEG, PNG or WebP");
}

}  // namespace

KeptTurn::KeptTurn(LargePictureTurn& turn) noexcept { kept_turn = &turn; }
KeptTurn::~KeptTurn() { kept_turn = nullptr; }

bool is_jpeg(std::span<const std::uint8_t> bytes) noexcept { return has_at<3>(bytes, 0, {0xFF, 0xD8, 0xFF}); }

bool is_png(std::span<const std::uint8_t> bytes) noexcept {
  return has_at<8>(bytes, 0, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
}

bool is_webp(std::span<const std::uint8_t> bytes) noexcept {
  return has_at<4>(bytes, 0, {'R', 'I', 'F', 'F'}) && has_at<4>(bytes, 8, {'W', 'E', 'B', 'P'});
}

Image allocate_image(const EncodedImage& file, std::int64_t height, std::int64_t width,
                     std::int64_t bytes_per_pixel) {
  constexpr std::int64_t longest_side = std::int64_t{1} << 30;
  const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (height < 1 || width < 1 || height > longest_side || width > longest_side) {
    throw FileError(file.name + ": found " + size + ", expected sides from 1 to 2^30");
  }
  if (width > file.max_pixels / height) {
    throw FileError(file.name + ": found " + size + ", expected at most " + std::to_string(file.max_pixels) +
                    " in all");
  }
  constexpr std::int64_t large = std::int64_t{1} << 26;
  static std::mutex one_at_a_time;
  if (height * width > large && !file.turn.owns_lock()) file.turn = LargePictureTurn(one_at_a_time);
  require_memory(static_cast<std::size_t>(height * width * bytes_per_pixel), available_memory(),
                 file.name + ": " + size);
  Image image;
  image.height = static_cast<std::int32_t>(height);
  image.width = static_cast<std::int32_t>(width);
  image.pixels.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3);
  return image;
}

std::vector<std::uint8_t> read_encoded(const std::filesystem::path& path) {
  const io::MappedFile file(path);
  // Read, not mapped: a file that becomes shorter meanwhile is an error to tell, not a signal.
  const auto read = [&](std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    file.read_at(0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
  };
  constexpr std::size_t longest_magic = 12;
  const std::size_t size = file.bytes().size();
  check_format(read(std::min(size, longest_magic)), path.string());
  require_memory(size, available_memory(), path.string() + ": the file");
  return read(size);
}

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name, std::int64_t max_pixels,
                   LargePictureTurn& turn) {
  if (max_pixels < 1) {
    throw ArgumentError("max_pixels: " + std::to_string(max_pixels) + " given, expected at least 1");
  }
  const EncodedImage file = {bytes, name, max_pixels, turn};
  check_format(bytes, name);
  if (is_jpeg(bytes)) return decode_jpeg(file);
  return is_png(bytes) ? decode_png(file) : decode_webp(file);
}

}  // namespace clip

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name, std::int64_t max_pixels) {
  clip::LargePictureTurn own;
  return clip::decode_image(bytes, name, max_pixels, clip::kept_turn != nullptr ? *clip::kept_turn : own);
}

Image read_image(const std::filesystem::path& path, std::int64_t max_pixels) {
  return decode_image(clip::read_encoded(path), path.string(), max_pixels);
}

}  // namespace splice_cuda
