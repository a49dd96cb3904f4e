#pragma once

/// @file sha256.hpp
/// SHA-256 of files (libcrypto). Listed by the targets that need it, not by the library, which links no
/// libcrypto.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "io/mapped_file.hpp"

namespace splice_cuda::io {

/// Lower-case hexadecimal digest of a file's bytes.
/// @param between_blocks  called after each MiB where given; what it throws is passed on
/// @throws FileError
std::string sha256_of_file(const MappedFile& file, const std::function<void()>& between_blocks = {});
std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<void()>& between_blocks = {});

/// The same of a text's bytes.
std::string sha256_of_text(std::string_view text);

}  // namespace splice_cuda::io
