#pragma once

/// @file picture_data.hpp
/// Pictures that travel inside a page.

#include <cstdint>
#include <filesystem>
#include <string>

namespace splice_cuda::cli {

struct PictureData {
  std::string uri;  ///< "data:image/jpeg;base64,..."
  std::int64_t width = 0;   ///< of the file's picture
  std::int64_t height = 0;
};

/// The file itself where it is small, else the picture made smaller, as JPEG. @throws FileError
PictureData picture_data(const std::filesystem::path& path);

/// A picture for a cell of a table: a JPEG of at most 160 pixels a side, whatever the file. @throws FileError
PictureData thumbnail_data(const std::filesystem::path& path);

}  // namespace splice_cuda::cli
