#pragma once

/// @file npy.hpp
/// NumPy's .npy format, versions 1-3 (numpy.lib.format), little-endian and C order only. Strict: a header
/// that does not fit the file's size is an error, never a read out of bounds. Pickled objects are refused.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/mapped_file.hpp"

namespace splice_cuda::io {

/// Element types that are read and written.
enum class NpyType : std::uint8_t { float16, float32, float64, int32, int64, uint8, int8, boolean };

std::size_t size_of(NpyType type) noexcept;
/// "<f4", "<i8", "|u1", ...
std::string descriptor_of(NpyType type);

/// A parsed header and the data that follow it. `data` points into the bytes given to parse_npy and is
/// aligned as they are: it may not be aligned to the element type.
struct NpyArray {
  NpyType type = NpyType::float32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;

  std::int64_t elements() const noexcept;
};

/// @param name  what messages call the input (a path, or "codes.npz:data.npy").
/// @throws FileError naming `name`, what was found and what is expected.
NpyArray parse_npy(std::span<const std::byte> bytes, const std::string& name);

/// Header (version 1.0, padded so that data start at a multiple of 64 bytes) of an array to be written.
std::string npy_header(NpyType type, std::span<const std::int64_t> shape);

/// @throws FileError unless the type is f16, f32 or f64.
void check_float_type(NpyType type, const std::string& name);

/// Elements of a float type to float; `data` need not be aligned.
void convert_to_float32(NpyType type, const std::byte* data, std::int64_t count, float* out);

/// Copies a numeric array to float (f16, f32, f64). @throws FileError for other types.
std::vector<float> to_float32(const NpyArray& array, const std::string& name);

/// Reads a whole .npy of f16/f32/f64 as float32. @throws FileError
struct FloatArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
FloatArray read_npy_float32(const std::filesystem::path& path);

}  // namespace splice_cuda::io
