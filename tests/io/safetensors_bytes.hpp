#pragma once

/// @file safetensors_bytes.hpp
/// .safetensors files by hand: independent of write_safetensors.

#include <cstdint>
#include <string>
#include <utility>

#include "io/safetensors.hpp"
#include "scratch_folder.hpp"

namespace splice_cuda::testing {

/// A header length as the file holds it, whether it is right or not.
inline std::string header_length(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  return header_length(header.size()) + header + data;
}

/// "name": {...}, to be put into a header's braces.
inline std::string tensor_entry(const std::string& name, const std::string& dtype, const std::string& shape,
                                std::uint64_t begin, std::uint64_t end) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

/// Opens bytes as a file called x.safetensors, which goes away again.
inline io::SafetensorsFile open_safetensors(const std::string& bytes) {
  const ScratchFolder folder;
  return io::SafetensorsFile(folder.write("x.safetensors", bytes));
}

}  // namespace splice_cuda::testing
