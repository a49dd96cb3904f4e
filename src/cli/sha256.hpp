#pragma once

/// @file sha256.hpp
/// SHA-256 of files (libcrypto).

#include <filesystem>
#include <string>

namespace splice_cuda::cli {

/// Lower-case hexadecimal digest of a file's bytes. @throws FileError
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace splice_cuda::cli
