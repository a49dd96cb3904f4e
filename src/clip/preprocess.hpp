#pragma once

/// @file preprocess.hpp
/// From pixels to what an image tower takes: open_clip's image_transform(is_train=False) on an RGB picture.

#include <array>
#include <cstdint>

#include "clip/resize.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda::clip {

enum class ResizeMode : std::uint8_t { shortest, squash, longest };

/// model.json's "image": what the tower was trained on.
struct Preprocessing {
  std::int64_t height = 0;
  std::int64_t width = 0;
  ResizeMode mode = ResizeMode::shortest;
  Interpolation interpolation = Interpolation::bicubic;
  std::uint8_t fill = 0;
  std::array<float, 3> mean = {};
  std::array<float, 3> std = {1.0f, 1.0f, 1.0f};

  std::int64_t elements() const noexcept { return 3 * height * width; }
};

/// Resized, cropped or padded: 8-bit RGB of the tower's size.
Image fit(const Image& image, const Preprocessing& how);

/// The values 0 to 255 of each channel as the tower takes them: (v / 255 - mean) / std in float32.
class Normalization {
 public:
  explicit Normalization(const Preprocessing& how);
  /// @param out  [3, height, width]
  void apply(const Image& fitted, float* out) const;

 private:
  std::array<std::array<float, 256>, 3> values_;
};

}  // namespace splice_cuda::clip
