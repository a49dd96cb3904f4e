#pragma once

/// @file side_by_side.hpp
/// Two pictures in one, so that a model that sees squares sees both whole. Link splice_cuda::clip.

#include <cstdint>

#include "splice_cuda/clip.hpp"

namespace splice_cuda {

/// How two pictures fill a square.
enum class JointLayout : std::uint8_t {
  pad,     ///< equal heights, proportions kept; black above and below (left and right, where both together are higher than wide)
  squash,  ///< each fills half of the square, its width and height scaled apart
};

/// Left and right picture in one square, by bicubic resampling with antialiasing. Preprocessing that crops to a square leaves it whole.
/// @param most_side  of the square, 2 or more: what would be larger is scaled down
/// @throws ArgumentError for a picture without pixels or of another number of bytes than height * width * 3
Image side_by_side(const Image& left, const Image& right, JointLayout layout, std::int64_t most_side = 1024);

}  // namespace splice_cuda
