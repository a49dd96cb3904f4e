#pragma once

/// @file npy_bytes.hpp
/// .npy files written by hand, sound or not: independent of npy_header.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace splice_cuda::testing {

template <class T>
std::string raw_bytes(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline std::span<const std::byte> as_span(const std::string& bytes) {
  return std::as_bytes(std::span(bytes.data(), bytes.size()));
}

/// Signature, version, length and the given dict, then the data.
inline std::string npy_bytes(const std::string& dict, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const int length_bytes = version == 1 ? 2 : 4;
  for (int i = 0; i < length_bytes; ++i) file += static_cast<char>(dict.size() >> (8 * i) & 0xff);
  return file + dict + data;
}

/// The dict that NumPy writes, without padding.
inline std::string npy_dict(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

/// A float32 matrix as a whole file.
inline std::string npy_matrix(const std::vector<float>& values, std::int64_t rows, std::int64_t cols) {
  const std::string shape = "(" + std::to_string(rows) + ", " + std::to_string(cols) + ")";
  return npy_bytes(npy_dict("<f4", shape), raw_bytes(values));
}

}  // namespace splice_cuda::testing
