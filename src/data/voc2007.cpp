// PASCAL VOC 2007 (Everingham et al. 2010): pictures of several of 20 classes.

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pugixml.hpp>

#include "data/files.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array classes = {"aeroplane", "bicycle", "bird",  "boat",      "bottle", "bus",         "car",    "cat",  "chair", "cow",
                                "diningtable", "dog",   "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"};

/// Classes of an annotation's objects: "1", or "" where all of the class are difficult, which the challenge counts neither way.
/// @returns why there are none, or nothing
std::string read_objects(const fs::path& file, std::map<std::string, std::string>& found) {
  constexpr std::uintmax_t largest = std::uintmax_t{16} << 20;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return "no such file";
  if (size > largest) return "found more than 16 MiB, expected an annotation";
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_file(file.c_str());
  if (!result) return std::string("found no XML (") + result.description() + "), expected an annotation";
  const pugi::xml_node annotation = document.child("annotation");
  if (!annotation) return "found no element 'annotation'";
  for (const pugi::xml_node object : annotation.children("object")) {
    const std::string name = object.child_value("name");
    if (std::find(classes.begin(), classes.end(), name) == classes.end()) return "found the class '" + name.substr(0, 100) + "', expected one of the 20";
    const bool difficult = std::string(object.child_value("difficult")) == "1";
    std::string& value = found.try_emplace(name, "").first->second;
    if (!difficult) value = "1";
  }
  return "";
}

/// Names of pictures by their split, in the order of the lists.
std::vector<std::pair<std::string, std::string>> read_sets(const fs::path& folder, const DatasetOptions& options, Listing& listing) {
  std::vector<std::pair<std::string, std::string>> sets;
  std::unordered_map<std::string, std::size_t> seen;
  for (const char* split : {"train", "val", "test", "trainval"}) {
    const fs::path file = folder / (std::string(split) + ".txt");
    if (!is_file(file)) continue;
    listing.sources.push_back(file);
    for (const std::string& line : read_lines(file, options)) {
      const std::vector<std::string> words = words_of(line);
      if (!words.empty() && seen.emplace(words[0], sets.size()).second) sets.emplace_back(words[0], split);
    }
  }
  return sets;
}

}  // namespace

Listing list_voc2007(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = is_folder(path / "JPEGImages") ? path : required(path, {"VOC2007", "VOCdevkit/VOC2007"});
  const fs::path lists = required(folder, {"ImageSets/Main"});
  Listing listing;
  RowBuilder rows(folder.string());
  for (const auto& [name, split] : read_sets(lists, options, listing)) {
    const fs::path picture = folder / "JPEGImages" / (name + ".jpg");
    const fs::path annotation = folder / "Annotations" / (name + ".xml");
    std::map<std::string, std::string> objects;
    listing.sources.push_back(annotation);
    if (const std::string wrong = read_objects(annotation, objects); !wrong.empty()) {
      listing.missing.push_back({annotation.string(), wrong});
      continue;
    }
    if (!begin_file(rows, listing, picture)) continue;
    std::string label;
    for (const auto& [one, value] : objects) {
      if (!value.empty()) label += (label.empty() ? "" : ";") + one;
    }
    rows.set("label", label);
    rows.set("split", split);
    for (const char* one : classes) {
      const auto place = objects.find(one);
      rows.set(one, place == objects.end() ? "0" : place->second);
    }
  }
  return finished(std::move(listing), rows, folder, "pictures that the lists of ImageSets/Main name");
}

}  // namespace splice_cuda::data
