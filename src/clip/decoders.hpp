#pragma once

/// @file decoders.hpp
/// One decoder per picture format. Each takes a whole file in memory, asks for the pixels' memory only after
/// the sizes in the header were checked, and throws FileError for what it can't decode.

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/clip.hpp"

namespace splice_cuda::clip {

/// Held from before the pixels of a large picture take memory until they are gone: the memory that is left is
/// asked for by one large picture at a time, whatever the number of threads that decode.
using LargePictureTurn = std::unique_lock<std::mutex>;

/// While it lives, the public read_image and decode_image of this thread keep their turn in `turn`, so that it lasts until the
/// caller is done with the picture. Not nested.
class KeptTurn {
 public:
  explicit KeptTurn(LargePictureTurn& turn) noexcept;
  ~KeptTurn();
  KeptTurn(const KeptTurn&) = delete;
  KeptTurn& operator=(const KeptTurn&) = delete;
};

/// A file's bytes, what messages call it, and the most pixels that are decoded.
struct EncodedImage {
  std::span<const std::uint8_t> bytes;
  const std::string& name;
  std::int64_t max_pixels = 0;
  LargePictureTurn& turn;
};

/// The whole file. @throws FileError where it does not begin as a picture, which is told before the rest is
/// read; OutOfMemoryError
std::vector<std::uint8_t> read_encoded(const std::filesystem::path& path);

/// decode_image, where the turn lasts as long as the caller's object.
Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name, std::int64_t max_pixels,
                   LargePictureTurn& turn);

bool is_jpeg(std::span<const std::uint8_t> bytes) noexcept;
bool is_png(std::span<const std::uint8_t> bytes) noexcept;
bool is_webp(std::span<const std::uint8_t> bytes) noexcept;

Image decode_jpeg(const EncodedImage& file);
Image decode_png(const EncodedImage& file);
Image decode_webp(const EncodedImage& file);

/// An image of that size, zeros. @throws FileError for sides below 1 or more pixels than allowed;
/// OutOfMemoryError where the machine lacks the memory for `bytes_per_pixel`, which counts what the decoder
/// takes besides. Takes the turn of large pictures
Image allocate_image(const EncodedImage& file, std::int64_t height, std::int64_t width,
                     std::int64_t bytes_per_pixel);

}  // namespace splice_cuda::clip
