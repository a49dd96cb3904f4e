#include "clip/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace splice_cuda::clip {
namespace {

struct Size {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Half to even: Python's round.
std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }

// Scales by the larger or the smaller of both ratios, rounding each side. No side becomes 0, where open_clip
// gives up.
Size keep_ratio(const Image& image, const Preprocessing& how, bool longest) {
  const double rows = static_cast<double>(image.height) / static_cast<double>(how.height);
  const double cols = static_cast<double>(image.width) / static_cast<double>(how.width);
  const double ratio = longest ? std::max(rows, cols) : std::min(rows, cols);
  return {std::max<std::int64_t>(1, rounded(image.height / ratio)),
          std::max<std::int64_t>(1, rounded(image.width / ratio))};
}

Size resized(const Image& image, const Preprocessing& how) {
  if (how.mode == ResizeMode::squash) return {how.height, how.width};
  if (how.mode == ResizeMode::longest || how.height != how.width) {
    return keep_ratio(image, how, how.mode == ResizeMode::longest);
  }
  // The shorter side becomes the size, the longer one is cut to an integer.
  const std::int64_t shorter = std::min(image.height, image.width);
  const std::int64_t longer = std::max(image.height, image.width);
  const auto length =
      static_cast<std::int64_t>(static_cast<double>(how.height * longer) / static_cast<double>(shorter));
  return image.width <= image.height ? Size{length, how.width} : Size{how.height, length};
}

/// Along one axis: where the kept stretch begins in the resized picture, how long it is, and where it goes in
/// the output.
struct Stretch {
  std::int64_t from = 0;
  std::int64_t length = 0;
  std::int64_t to = 0;
};

Stretch centre(std::int64_t have, std::int64_t want) {
  if (have < want) return {0, have, (want - have) / 2};
  return {rounded(static_cast<double>(have - want) / 2.0), want, 0};
}

}  // namespace

Image fit(const Image& image, const Preprocessing& how) {
  const Size size = resized(image, how);
  const Stretch down = centre(size.height, how.height);
  const Stretch across = centre(size.width, how.width);
  // open_clip resizes to sides of different length by bicubic interpolation whatever is asked for.
  const bool always_bicubic = how.mode == ResizeMode::shortest && how.height != how.width;
  Image inner =
      resize(image, size.height, size.width, always_bicubic ? Interpolation::bicubic : how.interpolation,
             {down.from, across.from, down.length, across.length});
  if (inner.height == how.height && inner.width == how.width) return inner;

  Image padded;
  padded.height = static_cast<std::int32_t>(how.height);
  padded.width = static_cast<std::int32_t>(how.width);
  padded.pixels.assign(static_cast<std::size_t>(how.elements()),
                       how.mode == ResizeMode::longest ? how.fill : std::uint8_t{0});
  for (std::int64_t y = 0; y < down.length; ++y) {
    std::memcpy(padded.pixels.data() + ((down.to + y) * how.width + across.to) * 3,
                inner.pixels.data() + y * across.length * 3, static_cast<std::size_t>(across.length) * 3);
  }
  return padded;
}

Normalization::Normalization(const Preprocessing& how) : values_{} {
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t value = 0; value < 256; ++value) {
      values_[channel][value] = (static_cast<float>(value) / 255.0f - how.mean[channel]) / how.std[channel];
    }
  }
}

void Normalization::apply(const Image& fitted, float* out) const {
  const std::size_t pixels = static_cast<std::size_t>(fitted.height) * static_cast<std::size_t>(fitted.width);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < pixels; ++i) *out++ = values_[channel][fitted.pixels[3 * i + channel]];
  }
}

}  // namespace splice_cuda::clip
