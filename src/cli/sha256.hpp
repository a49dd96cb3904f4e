#pragma once

/// @file sha256.hpp
/// SHA-256 of files, which a signal may interrupt.

#include <filesystem>
#include <string>

#include "cli/signals.hpp"
#include "io/sha256.hpp"

namespace splice_cuda::cli {

/// Lower-case hexadecimal digest of a file's bytes. @throws FileError
inline std::string sha256_of_file(const std::filesystem::path& path) {
  return io::sha256_of_file(path, signals::throw_if_stop_requested);
}

}  // namespace splice_cuda::cli
