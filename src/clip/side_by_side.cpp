#include "splice_cuda/side_by_side.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "clip/resize.hpp"
#include "clip/whole_image.hpp"

namespace splice_cuda {
namespace {

struct Size {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

void check_picture(const char* name, const Image& image) {
  if (clip::is_whole(image)) return;
  throw ArgumentError(std::string(name) + ": got " + std::to_string(image.pixels.size()) + " bytes for " + std::to_string(image.height) +
                      " x " + std::to_string(image.width) + "; expected a picture of height * width * 3 bytes");
}

std::int64_t scaled(std::int64_t side, double by) { return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * by)); }

Image resized(const Image& image, Size to) {
  if (image.height == to.height && image.width == to.width) return image;
  return clip::resize(image, to.height, to.width, clip::Interpolation::bicubic, {0, 0, to.height, to.width});
}

/// A black square.
Image square(std::int64_t side) {
  Image image;
  image.height = static_cast<std::int32_t>(side);
  image.width = static_cast<std::int32_t>(side);
  image.pixels.assign(static_cast<std::size_t>(side * side * 3), 0);
  return image;
}

void paste(const Image& part, std::int64_t top, std::int64_t left, Image& onto) {
  const auto bytes = static_cast<std::size_t>(part.width) * 3;
  for (std::int64_t y = 0; y < part.height; ++y) {
    std::memcpy(onto.pixels.data() + ((top + y) * onto.width + left) * 3, part.pixels.data() + static_cast<std::size_t>(y) * bytes, bytes);
  }
}

Image padded(const Image& left, const Image& right, std::int64_t most_side) {
  const double height = std::min(left.height, right.height);
  const double left_width = left.width * height / left.height;
  const double right_width = right.width * height / right.height;
  const double shrink = std::min(1.0, static_cast<double>(most_side) / std::max(height, left_width + right_width));
  const std::int64_t rows = scaled(1, height * shrink);
  // A very high picture beside a very wide one still has a column.
  const std::int64_t left_cols = std::clamp<std::int64_t>(scaled(1, left_width * shrink), 1, most_side - 1);
  const std::int64_t right_cols = std::clamp<std::int64_t>(scaled(1, right_width * shrink), 1, most_side - left_cols);
  const std::int64_t side = std::max(rows, left_cols + right_cols);
  Image joint = square(side);
  const std::int64_t top = (side - rows) / 2;
  const std::int64_t start = (side - left_cols - right_cols) / 2;
  paste(resized(left, {rows, left_cols}), top, start, joint);
  paste(resized(right, {rows, right_cols}), top, start + left_cols, joint);
  return joint;
}

Image squashed(const Image& left, const Image& right, std::int64_t most_side) {
  const std::int64_t side = std::clamp<std::int64_t>(std::min(left.height, right.height), 2, most_side);
  Image joint = square(side);
  paste(resized(left, {side, side / 2}), 0, 0, joint);
  paste(resized(right, {side, side - side / 2}), 0, side / 2, joint);
  return joint;
}

}  // namespace

Image side_by_side(const Image& left, const Image& right, JointLayout layout, std::int64_t most_side) {
  check_picture("left", left);
  check_picture("right", right);
  if (most_side < 2 || most_side > 65536) {
    throw ArgumentError("most_side: got " + std::to_string(most_side) + "; expected 2 to 65536");
  }
  return layout == JointLayout::pad ? padded(left, right, most_side) : squashed(left, right, most_side);
}

}  // namespace splice_cuda
