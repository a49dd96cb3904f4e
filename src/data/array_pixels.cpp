#include "data/array_pixels.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {

std::size_t ArrayPixels::add(const std::filesystem::path& path) {
  io::MappedFile file(path);
  const std::size_t bytes = file.bytes().size();
  if (bytes == 0 || bytes % layout_.record() != 0) {
    fail(path, "found " + std::to_string(bytes) + " bytes; expected a multiple of " + std::to_string(layout_.record()) + ", those of a picture");
  }
  const std::size_t pictures = bytes / layout_.record();
  parts_.push_back({count_, std::move(file)});
  count_ += pictures;
  return pictures;
}

void ArrayPixels::read(std::size_t index, std::size_t offset, std::vector<std::uint8_t>& out) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), index, [](std::size_t at, const Part& part) { return at < part.first; });
  const Part& part = *(after - 1);
  part.file.read_at((index - part.first) * layout_.record() + offset, std::as_writable_bytes(std::span(out)));
}

std::vector<std::uint8_t> ArrayPixels::labels(std::size_t index) const {
  std::vector<std::uint8_t> bytes(layout_.labels);
  read(index, 0, bytes);
  return bytes;
}

Image ArrayPixels::image(std::size_t index, const std::string& name, std::int64_t max_pixels) const {
  const auto side = static_cast<std::size_t>(layout_.side);
  if (static_cast<std::int64_t>(side * side) > max_pixels) {
    throw FileError(name + ": found " + std::to_string(side * side) + " pixels, expected at most " + std::to_string(max_pixels));
  }
  std::vector<std::uint8_t> planes(3 * side * side);
  read(index, layout_.labels, planes);
  Image image{layout_.side, layout_.side, std::vector<std::uint8_t>(planes.size())};
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t at = layout_.columns_first ? x * side + y : y * side + x;
      for (std::size_t c = 0; c < 3; ++c) image.pixels[(y * side + x) * 3 + c] = planes[c * side * side + at];
    }
  }
  return image;
}

}  // namespace splice_cuda::data
