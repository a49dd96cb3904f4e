#include "clip/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace splice_cuda::clip {
namespace {

constexpr int fraction_bits = 32 - 8 - 2;
constexpr std::int32_t half = 1 << (fraction_bits - 1);

// Keys' cubic with a = -1/2, and the tent.
double weight_at(Interpolation interpolation, double x) noexcept {
  x = std::abs(x);
  if (interpolation == Interpolation::bilinear) return x < 1.0 ? 1.0 - x : 0.0;
  constexpr double a = -0.5;
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// For each of a stretch of outputs: which inputs it is the weighted sum of.
struct Taps {
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> count;
  std::int64_t longest = 0;
  std::vector<std::int32_t> weights;  ///< [outputs, longest], fixed point

  std::int64_t begin() const { return first.front(); }
  std::int64_t end() const { return first.back() + count.back(); }
};

Taps taps_of(std::int64_t in, std::int64_t out, Interpolation interpolation, std::int64_t from, std::int64_t outputs) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = (interpolation == Interpolation::bilinear ? 1.0 : 2.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  Taps taps;
  taps.longest = std::min(in, static_cast<std::int64_t>(std::ceil(support)) * 2 + 1);
  taps.weights.assign(static_cast<std::size_t>(outputs * taps.longest), 0);
  std::vector<double> exact(static_cast<std::size_t>(taps.longest));
  for (std::int64_t i = 0; i < outputs; ++i) {
    const double centre = (static_cast<double>(from + i) + 0.5) * scale;
    const std::int64_t low = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - support + 0.5));
    const std::int64_t high = std::min(in, static_cast<std::int64_t>(centre + support + 0.5));
    const std::int64_t count = high - low;
    double sum = 0.0;
    for (std::int64_t k = 0; k < count; ++k) {
      const double weight = weight_at(interpolation, (static_cast<double>(k + low) - centre + 0.5) * inverse);
      exact[static_cast<std::size_t>(k)] = weight;
      sum += weight;
    }
    for (std::int64_t k = 0; k < count; ++k) {
      double weight = exact[static_cast<std::size_t>(k)];
      if (sum != 0.0) weight /= sum;
      const double fixed = weight * (1 << fraction_bits);
      taps.weights[static_cast<std::size_t>(i * taps.longest + k)] = static_cast<std::int32_t>(weight < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    taps.first.push_back(low);
    taps.count.push_back(count);
  }
  return taps;
}

std::uint8_t to_byte(std::int32_t sum) noexcept {
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

// One row: out[i] = sum of taps over in, channel by channel.
void filter_row(const std::uint8_t* in, const Taps& taps, std::uint8_t* out) noexcept {
  const auto outputs = static_cast<std::int64_t>(taps.first.size());
  for (std::int64_t i = 0; i < outputs; ++i) {
    const std::int32_t* weight = taps.weights.data() + i * taps.longest;
    const std::uint8_t* pixel = in + 3 * taps.first[static_cast<std::size_t>(i)];
    std::int32_t red = half;
    std::int32_t green = half;
    std::int32_t blue = half;
    const std::int64_t count = taps.count[static_cast<std::size_t>(i)];
    for (std::int64_t k = 0; k < count; ++k) {
      red += pixel[3 * k] * weight[k];
      green += pixel[3 * k + 1] * weight[k];
      blue += pixel[3 * k + 2] * weight[k];
    }
    out[3 * i] = to_byte(red);
    out[3 * i + 1] = to_byte(green);
    out[3 * i + 2] = to_byte(blue);
  }
}

// Rows of `samples` bytes: out = sum of weighted rows. Inner loops run along the row, for the compiler to vectorise.
void filter_column(const std::uint8_t* rows, std::size_t samples, const std::int32_t* weights, std::int64_t count,
                   std::int32_t* sums, std::uint8_t* out) noexcept {
  std::fill(sums, sums + samples, half);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::uint8_t* row = rows + static_cast<std::size_t>(k) * samples;
    const std::int32_t weight = weights[k];
    for (std::size_t i = 0; i < samples; ++i) sums[i] += row[i] * weight;
  }
  for (std::size_t i = 0; i < samples; ++i) out[i] = to_byte(sums[i]);
}

}  // namespace

Image resize(const Image& image, std::int64_t height, std::int64_t width, Interpolation interpolation, const Window& window) {
  // A pass that changes no size is left out, as Pillow leaves it out.
  const bool narrow = width != image.width;
  const bool flatten = height != image.height;
  const Taps across = narrow ? taps_of(image.width, width, interpolation, window.left, window.width) : Taps{};
  const Taps down = flatten ? taps_of(image.height, height, interpolation, window.top, window.height) : Taps{};
  const std::int64_t top = flatten ? down.begin() : window.top;
  const std::int64_t rows = (flatten ? down.end() : window.top + window.height) - top;

  const std::size_t samples = static_cast<std::size_t>(window.width) * 3;
  const std::size_t in_stride = static_cast<std::size_t>(image.width) * 3;
  std::vector<std::uint8_t> narrowed(static_cast<std::size_t>(rows) * samples);
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t* in = image.pixels.data() + static_cast<std::size_t>(top + y) * in_stride;
    std::uint8_t* out = narrowed.data() + static_cast<std::size_t>(y) * samples;
    if (narrow) {
      filter_row(in, across, out);
    } else {
      std::copy_n(in + static_cast<std::size_t>(window.left) * 3, samples, out);
    }
  }
  Image result;
  result.height = static_cast<std::int32_t>(window.height);
  result.width = static_cast<std::int32_t>(window.width);
  if (!flatten) {
    result.pixels = std::move(narrowed);
    return result;
  }
  result.pixels.resize(static_cast<std::size_t>(window.height) * samples);
  std::vector<std::int32_t> sums(samples);
  for (std::int64_t y = 0; y < window.height; ++y) {
    const auto row = static_cast<std::size_t>(y);
    filter_column(narrowed.data() + static_cast<std::size_t>(down.first[row] - top) * samples, samples,
                  down.weights.data() + y * down.longest, down.count[row], sums.data(), result.pixels.data() + row * samples);
  }
  return result;
}

}  // namespace splice_cuda::clip
