#pragma once

/// @file folders.hpp
/// Folders that outputs go to.

#include <filesystem>
#include <string>

namespace splice_cuda::cli {

/// With all that it lies in. @throws FileError (named after the option that gave it)
void make_folder(const std::filesystem::path& folder, const std::string& option);

}  // namespace splice_cuda::cli
