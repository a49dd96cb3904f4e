#include "cli/folders.hpp"

#include <fmt/format.h>

#include <system_error>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

void make_folder(const std::filesystem::path& folder, const std::string& option) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(fmt::format("{}: can't make the folder '{}' ({}); expected one that can be made", option, folder.string(), error.message()));
}

}  // namespace splice_cuda::cli
