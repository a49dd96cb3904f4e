// COCO captions (Lin et al. 2014; Chen et al. 2015): about five captions a picture.

#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/coco_json.hpp"
#include "data/files.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_captions = 16;  // COCO has five to seven

std::string column_of(std::size_t place) { return place == 0 ? "caption" : "caption_" + std::to_string(place + 1); }

/// captions_train2017.json: "train2017".
std::string set_of(const fs::path& file) {
  const std::string name = file.stem().string();
  return name.substr(name.find('_') + 1);
}

std::string without_year(std::string set) {
  while (!set.empty() && std::isdigit(static_cast<unsigned char>(set.back())) != 0) set.pop_back();
  return set;
}

std::vector<fs::path> annotation_files(const fs::path& folder) {
  return entries(folder, [](const fs::path& path) {
    const std::string name = path.filename().string();
    return name.starts_with("captions_") && name.ends_with(".json");
  });
}

void add_set(const fs::path& path, const fs::path& file, const DatasetOptions& options, RowBuilder& rows, Listing& listing) {
  listing.sources.push_back(file);
  const CocoCaptions found = read_coco_captions(file, options.tables.stop);
  std::unordered_map<std::string, std::vector<const std::string*>> captions;
  for (const CocoCaptions::Caption& caption : found.captions) captions[caption.picture].push_back(&caption.text);
  const std::string set = set_of(file);
  fs::path folder = path / set;
  for (const fs::path& other : {path / "images" / set, path / "images"}) {
    if (!is_folder(folder)) folder = other;
  }
  for (const CocoCaptions::Picture& picture : found.pictures) {
    if (!begin_file(rows, listing, folder / picture.file)) continue;
    rows.set("split", without_year(set));
    const auto of_picture = captions.find(picture.id);
    if (of_picture == captions.end()) continue;
    const std::size_t count = std::min(of_picture->second.size(), most_captions);
    for (std::size_t i = 0; i < count; ++i) rows.set(column_of(i), *of_picture->second[i]);
  }
}

}  // namespace

Listing list_coco_captions(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = required(path, {"annotations"});
  const std::vector<fs::path> files = annotation_files(folder);
  if (files.empty()) fail(folder, "found no captions_*.json; expected the annotations of captions");
  Listing listing;
  RowBuilder rows(path.string());
  for (const fs::path& file : files) {
    if (options.tables.stop) options.tables.stop();
    add_set(path, file, options, rows, listing);
  }
  return finished(std::move(listing), rows, path, "pictures in train2017, val2017 and so on, or in images");
}

}  // namespace splice_cuda::data
