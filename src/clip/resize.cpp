#include "clip/resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/available_memory.hpp"

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

Taps taps_of(std::int64_t in, std::int64_t out, Interpolation interpolation, std::int64_t from,
             std::int64_t outputs) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = (interpolation == Interpolation::bilinear ? 1.0 : 2.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  Taps taps;
  taps.longest = std::min(in, static_cast<std::int64_t>(std::ceil(support)) * 2 + 1);
  // A side of a million times the tower's has as many weights for each output.
  const auto weights = static_cast<std::size_t>(outputs * taps.longest);
  constexpr std::size_t small = std::size_t{1} << 22;
  if (weights > small) {
    require_memory(weights * sizeof(std::int32_t) + static_cast<std::size_t>(taps.longest) * sizeof(double),
                   available_memory(),
                   "weights that shrink " + std::to_string(in) + " pixels to " + std::to_string(out));
  }
  taps.weights.assign(weights, 0);
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
      taps.weights[static_cast<std::size_t>(i * taps.longest + k)] =
          static_cast<std::int32_t>(weight < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    taps.first.push_back(low);
    taps.count.push_back(count);
  }
  return taps;
}

std::uint8_t to_byte(std::int32_t sum) noexcept {
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

// A stretch of one axis.
struct Span {
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

/// Rows of pixels, without gaps.
struct Pixels {
  std::vector<std::uint8_t> bytes;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

// One row: out[i] = sum of taps over in, channel by channel. `in` starts at pixel `begin` of what the taps
// count in.
void filter_row(const std::uint8_t* in, std::int64_t begin, const Taps& taps, std::uint8_t* out) noexcept {
  const auto outputs = static_cast<std::int64_t>(taps.first.size());
  for (std::int64_t i = 0; i < outputs; ++i) {
    const std::int32_t* weight = taps.weights.data() + i * taps.longest;
    const std::uint8_t* pixel = in + 3 * (taps.first[static_cast<std::size_t>(i)] - begin);
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

// out = weighted sum of `count` rows, `stride` bytes apart. Inner loops run along the row, for the compiler
// to vectorise.
void filter_column(const std::uint8_t* rows, std::size_t stride, const std::int32_t* weights,
                   std::int64_t count, std::vector<std::int32_t>& sums, std::uint8_t* out) noexcept {
  std::fill(sums.begin(), sums.end(), half);
  std::int32_t* sum = sums.data();
  const std::size_t samples = sums.size();
  for (std::int64_t k = 0; k < count; ++k) {
    const std::uint8_t* row = rows + static_cast<std::size_t>(k) * stride;
    const std::int32_t weight = weights[k];
    for (std::size_t i = 0; i < samples; ++i) sum[i] += row[i] * weight;
  }
  for (std::size_t i = 0; i < samples; ++i) out[i] = to_byte(sum[i]);
}

/// A view of some rows and columns of a picture; begins are in the picture's own pixels.
struct Source {
  const std::uint8_t* data = nullptr;  ///< of the first row and column seen
  std::size_t stride = 0;
  Span down;
  Span across;
};

Pixels filter_rows(const Source& source, const Taps& taps) {
  Pixels out = {{}, source.down.length, static_cast<std::int64_t>(taps.first.size())};
  const std::size_t samples = static_cast<std::size_t>(out.cols) * 3;
  out.bytes.resize(static_cast<std::size_t>(out.rows) * samples);
  for (std::size_t y = 0; y < static_cast<std::size_t>(out.rows); ++y) {
    filter_row(source.data + y * source.stride, source.across.begin, taps, out.bytes.data() + y * samples);
  }
  return out;
}

Pixels filter_columns(const Source& source, const Taps& taps) {
  Pixels out = {{}, static_cast<std::int64_t>(taps.first.size()), source.across.length};
  const std::size_t samples = static_cast<std::size_t>(out.cols) * 3;
  out.bytes.resize(static_cast<std::size_t>(out.rows) * samples);
  std::vector<std::int32_t> sums(samples);
  for (std::size_t y = 0; y < static_cast<std::size_t>(out.rows); ++y) {
    const auto above = static_cast<std::size_t>(taps.first[y] - source.down.begin);
    filter_column(source.data + above * source.stride, source.stride,
                  taps.weights.data() + static_cast<std::int64_t>(y) * taps.longest, taps.count[y], sums,
                  out.bytes.data() + y * samples);
  }
  return out;
}

Pixels copy(const Source& source) {
  Pixels out = {{}, source.down.length, source.across.length};
  const std::size_t samples = static_cast<std::size_t>(out.cols) * 3;
  out.bytes.resize(static_cast<std::size_t>(out.rows) * samples);
  for (std::size_t y = 0; y < static_cast<std::size_t>(out.rows); ++y) {
    std::copy_n(source.data + y * source.stride, samples, out.bytes.data() + y * samples);
  }
  return out;
}

Source seen(const Pixels& pixels, Span down, Span across) {
  return {pixels.bytes.data(), static_cast<std::size_t>(pixels.cols) * 3, down, across};
}

}  // namespace

Image resize(const Image& image, std::int64_t height, std::int64_t width, Interpolation interpolation,
             const Window& window) {
  // A pass that changes no size is left out.
  const bool narrow = width != image.width;
  const bool flatten = height != image.height;
  // Each pass rounds, so the order shows. Pillow 13 goes down the columns first where that takes away more
  // than twice as many rows as the other pass columns; older ones never do.
  const bool columns_first = height < image.height && image.height - height > 2 * (image.width - width);
  const Taps across = narrow ? taps_of(image.width, width, interpolation, window.left, window.width) : Taps{};
  const Taps down =
      flatten ? taps_of(image.height, height, interpolation, window.top, window.height) : Taps{};
  const Span rows = flatten ? Span{down.begin(), down.end() - down.begin()} : Span{window.top, window.height};
  const Span cols =
      narrow ? Span{across.begin(), across.end() - across.begin()} : Span{window.left, window.width};
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  const Source source = {image.pixels.data() + static_cast<std::size_t>(rows.begin) * stride +
                             static_cast<std::size_t>(cols.begin) * 3,
                         stride, rows, cols};
  Pixels result;
  if (narrow && flatten && columns_first) {
    result = filter_columns(source, down);
    result = filter_rows(seen(result, {0, window.height}, cols), across);
  } else if (narrow && flatten) {
    result = filter_rows(source, across);
    result = filter_columns(seen(result, rows, {0, window.width}), down);
  } else {
    result = narrow ? filter_rows(source, across) : flatten ? filter_columns(source, down) : copy(source);
  }
  Image resized;
  resized.height = static_cast<std::int32_t>(window.height);
  resized.width = static_cast<std::int32_t>(window.width);
  resized.pixels = std::move(result.bytes);
  return resized;
}

}  // namespace splice_cuda::clip
