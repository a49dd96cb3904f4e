#pragma once

/// @file jpeg_writer.hpp
/// Pictures to JPEG (libjpeg).

#include <cstdint>
#include <vector>

#include "splice_cuda/clip.hpp"

namespace splice_cuda::cli {

/// Baseline JPEG. @param quality  1 to 100. @throws Error
std::vector<std::uint8_t> write_jpeg(const Image& image, int quality);

}  // namespace splice_cuda::cli
