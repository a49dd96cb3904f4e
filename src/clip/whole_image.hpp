#pragma once

/// @file whole_image.hpp
/// What a picture from outside has to be.

#include <cstddef>

#include "splice_cuda/clip.hpp"

namespace splice_cuda::clip {

/// Whether it has pixels, and height * width * 3 bytes of them.
inline bool is_whole(const Image& image) {
  return image.height > 0 && image.width > 0 &&
         image.pixels.size() == static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) * 3;
}

}  // namespace splice_cuda::clip
