#pragma once

/// @file array_pixels.hpp
/// Pictures of one size, one behind the other in files without a header.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/listing.hpp"
#include "io/mapped_file.hpp"

namespace splice_cuda::data {

/// How a file's bytes are read: records of `labels` bytes, then three planes (red, green, blue) of side * side bytes.
struct ArrayLayout {
  std::size_t labels = 0;
  std::int32_t side = 0;
  bool columns_first = false;  ///< planes hold column after column, else row after row

  std::size_t record() const noexcept { return labels + 3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side); }
};

class ArrayPixels : public PixelSource {
 public:
  explicit ArrayPixels(const ArrayLayout& layout) : layout_(layout) {}

  /// Appends a file's pictures. @returns how many. @throws FileError for a size that is no multiple of a record's, or 0
  std::size_t add(const std::filesystem::path& path);
  /// The label bytes of a picture. @throws FileError
  std::vector<std::uint8_t> labels(std::size_t index) const;
  Image image(std::size_t index, const std::string& name, std::int64_t max_pixels) const override;

 private:
  struct Part {
    std::size_t first;  ///< picture
    io::MappedFile file;
  };
  /// @param out  from the record's byte `offset` on
  void read(std::size_t index, std::size_t offset, std::vector<std::uint8_t>& out) const;

  ArrayLayout layout_;
  std::size_t count_ = 0;
  std::vector<Part> parts_;
};

}  // namespace splice_cuda::data
