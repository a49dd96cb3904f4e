// SUN397 (Xiao, Hays, Ehinger, Oliva, Torralba 2010).

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/files.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

/// "/a/abbey/sun_x.jpg" of the first of the ten partitions, by split.
void read_partition(const fs::path& file, const std::string& split, const DatasetOptions& options, Listing& listing,
                    std::unordered_map<std::string, std::string>& splits) {
  if (!is_file(file)) return;
  listing.sources.push_back(file);
  for (const std::string& line : read_lines(file, options)) splits.emplace(line, split);
}

}  // namespace

Listing list_sun397(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = is_file(path / "ClassName.txt") ? path : required(path, {"SUN397"});
  const fs::path classes = required(folder, {"ClassName.txt"});
  Listing listing;
  listing.sources = {classes};
  std::unordered_map<std::string, std::string> splits;
  for (const char* partitions : {"", "Partitions", "../Partitions"}) {
    read_partition(folder / partitions / "Training_01.txt", "train", options, listing, splits);
    read_partition(folder / partitions / "Testing_01.txt", "test", options, listing, splits);
  }
  RowBuilder rows(folder.string());
  for (const std::string& line : read_lines(classes, options)) {
    // "/a/apartment_building/outdoor": a letter's folder, the class, perhaps its kind.
    if (line.size() < 4 || line[0] != '/' || line[2] != '/') fail(classes, "found '" + line.substr(0, 100) + "'; expected '/letter/class'");
    const fs::path of_class = folder / line.substr(1);
    if (!is_folder(of_class)) {
      listing.missing.push_back({of_class.string(), "no such folder"});
      continue;
    }
    for (const fs::path& picture : pictures_below(of_class, listing)) {
      // Folders of kinds may lie in that of a class, which has pictures of its own.
      if (picture.parent_path() != of_class) continue;
      begin_picture(rows, picture);
      rows.set("label", line.substr(3));
      if (splits.empty()) continue;
      const auto split = splits.find(line + "/" + picture.filename().string());
      rows.set("split", split == splits.end() ? "" : split->second);
    }
  }
  return finished(std::move(listing), rows, folder, "pictures in the folders that ClassName.txt lists");
}

}  // namespace splice_cuda::data
