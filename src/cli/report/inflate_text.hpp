#pragma once

/// @file inflate_text.hpp
/// Text that the command holds compressed.

#include <cstdint>
#include <span>
#include <string>

namespace splice_cuda::cli {

/// Inflates a gzip stream (zlib); empty bytes are an empty text. @throws Error for damaged bytes
std::string inflate_text(std::span<const std::uint8_t> gzip);

}  // namespace splice_cuda::cli
