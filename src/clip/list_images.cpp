// Pictures below a folder.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "io/ascii.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda {
namespace {

namespace fs = std::filesystem;

bool has_suffix_of_picture(const fs::path& path) {
  const std::string suffix = io::lower_ascii(path.extension().string());
  constexpr std::array<std::string_view, 4> known = {".jpg", ".jpeg", ".png", ".webp"};
  return std::find(known.begin(), known.end(), suffix) != known.end();
}

}  // namespace

std::vector<fs::path> list_images(const fs::path& folder, std::vector<fs::path>* unreadable) {
  std::vector<fs::path> found;
  // Folders still to be read. Links to folders are not followed: they may lead in circles.
  std::vector<fs::path> open = {folder};
  while (!open.empty()) {
    const fs::path next = std::move(open.back());
    open.pop_back();
    std::error_code error;
    fs::directory_iterator entry(next, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code unknown;
      if (entry->is_directory(unknown) && !entry->is_symlink(unknown)) {
        open.push_back(entry->path());
      } else if (!entry->is_directory(unknown) && has_suffix_of_picture(entry->path())) {
        found.push_back(entry->path());
      }
    }
    if (error && next == folder) throw FileError(folder.string() + ": can't list: " + error.message());
    if (error && unreadable != nullptr) unreadable->push_back(next);
  }
  std::sort(found.begin(), found.end());
  if (unreadable != nullptr) std::sort(unreadable->begin(), unreadable->end());
  return found;
}

}  // namespace splice_cuda
