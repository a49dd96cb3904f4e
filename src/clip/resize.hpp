#pragma once

/// @file resize.hpp
/// Resampling with antialiasing on 8-bit RGB, bit for bit what Image.resize of Pillow 13 gives: separable
/// filter, coefficients in fixed point of 22 bits, each of the two passes rounded to 8 bits.

#include <cstdint>

#include "splice_cuda/clip.hpp"

namespace splice_cuda::clip {

enum class Interpolation : std::uint8_t { bilinear, bicubic };

/// A part of the resized picture, in its pixels.
struct Window {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Resizes to height x width and keeps `window`, which lies inside; pixels outside of it are never computed.
/// @throws OutOfMemoryError where the machine lacks the memory for the filter's weights
Image resize(const Image& image, std::int64_t height, std::int64_t width, Interpolation interpolation,
             const Window& window);

}  // namespace splice_cuda::clip
