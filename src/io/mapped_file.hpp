#pragma once

/// @file mapped_file.hpp
/// A file mapped for reading.

#include <cstddef>
#include <filesystem>
#include <span>

namespace splice_cuda::io {

/// Read-only memory map of a whole regular file. Empty files map to an empty span.
class MappedFile {
 public:
  /// @throws FileError (path and reason) when it can't be opened, is no regular file, or can't be mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  /// Copies bytes by read(2) instead of the map: a file that another process truncates meanwhile gives a
  /// FileError here, and a fatal signal there. For data that is read long after opening.
  void read_at(std::size_t offset, std::span<std::byte> out) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace splice_cuda::io
