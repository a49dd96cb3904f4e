// STL-10, binary version (Coates, Lee, Ng 2011; https://cs.stanford.edu/~acoates/stl10).

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/array_pixels.hpp"
#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

/// A byte a picture, 1 to the number of classes.
std::vector<std::uint8_t> read_classes(const fs::path& file, std::size_t pictures, std::size_t classes) {
  const io::MappedFile bytes(file);
  if (bytes.bytes().size() != pictures) {
    fail(file, "found " + std::to_string(bytes.bytes().size()) + " bytes; expected " + std::to_string(pictures) + ", one for each picture");
  }
  std::vector<std::uint8_t> labels(pictures);
  bytes.read_at(0, std::as_writable_bytes(std::span(labels)));
  for (std::size_t i = 0; i < pictures; ++i) {
    if (labels[i] >= 1 && labels[i] <= classes) continue;
    fail(file, "picture " + std::to_string(i) + ": found class " + std::to_string(labels[i]) + "; expected 1 to " + std::to_string(classes));
  }
  return labels;
}

}  // namespace

Listing list_stl10(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = is_file(path / "class_names.txt") ? path : required(path, {"stl10_binary"});
  Listing listing;
  listing.sources = {folder / "class_names.txt"};
  const std::vector<std::string> names = read_lines(listing.sources.front(), options);
  constexpr std::int32_t side = 96;
  auto pixels = std::make_shared<ArrayPixels>(ArrayLayout{0, side, true});
  RowBuilder rows(folder.string());
  for (const std::string split : {"train", "test", "unlabeled"}) {
    const fs::path file = folder / (split + "_X.bin");
    if (!is_file(file)) {
      // What has no labels is often left out.
      if (split != "unlabeled") listing.missing.push_back({file.string(), "no such file"});
      continue;
    }
    listing.sources.push_back(file);
    const std::size_t count = pixels->add(file);
    std::vector<std::uint8_t> labels;
    if (split != "unlabeled") {
      listing.sources.push_back(folder / (split + "_y.bin"));
      labels = read_classes(listing.sources.back(), count, names.size());
    }
    for (std::size_t i = 0; i < count; ++i) {
      rows.next();
      rows.set("name", split + "/" + std::to_string(i));
      rows.set("label", labels.empty() ? "" : names[labels[i] - std::size_t{1}]);
      rows.set("split", split);
    }
  }
  listing.pixels = std::move(pixels);
  return finished(std::move(listing), rows, folder, "train_X.bin, test_X.bin");
}

}  // namespace splice_cuda::data
