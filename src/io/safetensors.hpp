#pragma once

/// @file safetensors.hpp
/// The safetensors format: 8-byte little-endian header length, JSON header, raw tensors.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/mapped_file.hpp"

namespace splice_cuda::io {

enum class TensorType : std::uint8_t { float16, bfloat16, float32, float64, int32, int64, uint8 };

struct TensorView {
  TensorType type = TensorType::float32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;

  std::int64_t elements() const noexcept;
};

/// A mapped file; views point into it and live as long as it or its mapping does.
class SafetensorsFile {
 public:
  /// Checks the header in full: its length (<= 100 MB), JSON, types, shapes without overflow, offsets inside
  /// the file, neither overlapping nor leaving holes. @throws FileError
  explicit SafetensorsFile(const std::filesystem::path& path);
  const std::map<std::string, TensorView>& tensors() const noexcept { return tensors_; }
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  /// @throws FileError when there is none of this name.
  const TensorView& tensor(const std::string& name) const;
  /// Copies bytes of a tensor from `offset` on by read(2): see MappedFile::read_at. @throws FileError
  void read_at(const TensorView& tensor, std::size_t offset, std::span<std::byte> out) const;
  bool contains(const std::string& name) const { return tensors_.contains(name); }
  /// Keeps the views' memory alive without this object and its metadata.
  std::shared_ptr<const MappedFile> mapping() const noexcept { return file_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

std::size_t size_of(TensorType type) noexcept;

/// @throws FileError unless the type is f16, bf16, f32 or f64.
void check_float_type(TensorType type, const std::string& name);

/// Elements of a float type to float; `data` need not be aligned.
void convert_to_float32(TensorType type, const std::byte* data, std::int64_t count, float* out);

/// f16, bf16, f32 or f64 to float32. @throws FileError for other types.
std::vector<float> to_float32(const TensorView& tensor, const std::string& name);

struct TensorToWrite {
  std::string name;
  TensorType type = TensorType::float32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};
/// Whole or not at all. @throws FileError
void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace splice_cuda::io
