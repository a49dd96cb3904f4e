#pragma once

/// @file checked_size.hpp
/// Sizes that files claim, multiplied without overflow.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace splice_cuda::io {

/// Product of a shape's extents; nothing for a negative extent or a product beyond int64.
inline std::optional<std::int64_t> checked_elements(std::span<const std::int64_t> shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent != 0 && product > std::numeric_limits<std::int64_t>::max() / extent) return std::nullopt;
    product *= extent;
  }
  return product;
}

/// Bytes of a shape's elements; nothing where checked_elements gives nothing or the bytes overflow.
inline std::optional<std::int64_t> checked_bytes(std::span<const std::int64_t> shape, std::int64_t element) {
  const auto elements = checked_elements(shape);
  if (!elements || *elements > std::numeric_limits<std::int64_t>::max() / element) return std::nullopt;
  return *elements * element;
}

}  // namespace splice_cuda::io
