#pragma once

/// @file base64.hpp
/// Bytes as text, RFC 4648.

#include <cstdint>
#include <span>
#include <string>

namespace splice_cuda::cli {

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace splice_cuda::cli
