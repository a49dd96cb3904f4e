// Folders of classes: imagefolder, caltech101, mit-states.

#include <algorithm>
#include <string>
#include <utility>

#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& path) { return path.filename().string(); }

/// Pictures of a class, which its folder names.
void add_class(const fs::path& folder, const std::string& split, RowBuilder& rows, Listing& listing) {
  for (const fs::path& picture : pictures_below(folder, listing)) {
    begin_picture(rows, picture);
    rows.set("label", name_of(folder));
    if (!split.empty()) rows.set("split", split);
  }
}

/// Each folder in it is a class.
void add_classes(const fs::path& folder, const std::string& split, RowBuilder& rows, Listing& listing) {
  for (const fs::path& one : subfolders(folder)) add_class(one, split, rows, listing);
}

}  // namespace

Listing list_image_folder(const fs::path& path, const DatasetOptions& /*options*/) {
  if (!is_folder(path)) fail(path, "found no such folder; expected one with a folder of pictures for each class");
  const std::vector<fs::path> folders = subfolders(path);
  const bool splits = !folders.empty() &&
                      std::all_of(folders.begin(), folders.end(), [](const fs::path& one) { return is_split_name(name_of(one)); });
  Listing listing;
  RowBuilder rows(path.string());
  if (splits) {
    for (const fs::path& one : folders) add_classes(one, name_of(one), rows, listing);
  } else {
    add_classes(path, "", rows, listing);
  }
  return finished(std::move(listing), rows, path,
                  "pictures (.jpg, .jpeg, .png, .webp) in a folder for each class, or in such folders below train, val, test");
}

Listing list_caltech101(const fs::path& path, const DatasetOptions& /*options*/) {
  const fs::path folder = name_of(path) == "101_ObjectCategories"
                              ? path
                              : required(path, {"101_ObjectCategories", "caltech101/101_ObjectCategories", "caltech-101/101_ObjectCategories"});
  Listing listing;
  RowBuilder rows(path.string());
  for (const fs::path& one : subfolders(folder)) {
    if (name_of(one) == "BACKGROUND_Google") continue;  // pictures of nothing in particular: no class of the 101
    add_class(one, "", rows, listing);
  }
  return finished(std::move(listing), rows, folder, "a folder of pictures for each category");
}

Listing list_mit_states(const fs::path& path, const DatasetOptions& /*options*/) {
  const fs::path folder = name_of(path) == "images" ? path : required(path, {"images", "release_dataset/images"});
  Listing listing;
  RowBuilder rows(path.string());
  for (const fs::path& one : subfolders(folder)) {
    const std::string label = name_of(one);
    const std::size_t space = label.find(' ');
    if (space == std::string::npos || space == 0 || space + 1 == label.size()) {
      listing.missing.push_back({one.string(), "found a folder of another name, expected 'adjective noun'"});
      continue;
    }
    const std::string adjective = label.substr(0, space);
    for (const fs::path& picture : pictures_below(one, listing)) {
      begin_picture(rows, picture);
      rows.set("label", label);
      rows.set("adjective", adjective == "adj" ? "" : adjective);  // "adj NOUN": pictures of the noun that no adjective was asked for
      rows.set("noun", label.substr(space + 1));
    }
  }
  return finished(std::move(listing), rows, folder, "pictures in folders 'adjective noun'");
}

}  // namespace splice_cuda::data
