#pragma once

/// @file decoders.hpp
/// One decoder per picture format. Each takes a whole file in memory, asks for the pixels' memory only after
/// the sizes in the header were checked, and throws FileError for what it can't decode.

#include <cstdint>
#include <span>
#include <string>

#include "splice_cuda/clip.hpp"

namespace splice_cuda::clip {

/// A file's bytes, what messages call it, and the most pixels that are decoded.
struct EncodedImage {
  std::span<const std::uint8_t> bytes;
  const std::string& name;
  std::int64_t max_pixels = 0;
};

bool is_jpeg(std::span<const std::uint8_t> bytes) noexcept;
bool is_png(std::span<const std::uint8_t> bytes) noexcept;
bool is_webp(std::span<const std::uint8_t> bytes) noexcept;

Image decode_jpeg(const EncodedImage& file);
Image decode_png(const EncodedImage& file);
Image decode_webp(const EncodedImage& file);

/// An image of that size, zeros. @throws FileError for sides below 1 or more pixels than allowed;
/// OutOfMemoryError where the machine lacks the memory for `bytes_per_pixel`, which counts what the decoder
/// takes besides
Image allocate_image(const EncodedImage& file, std::int64_t height, std::int64_t width,
                     std::int64_t bytes_per_pixel);

}  // namespace splice_cuda::clip
