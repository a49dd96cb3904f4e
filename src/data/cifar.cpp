// CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html).

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

struct Batch {
  const char* file;
  const char* split;
};

/// The folder of the binary version. The one for Python holds pickles, which run what they say when they are read.
fs::path binary_folder(const fs::path& path, const char* own, const char* pickled, const char* first_file) {
  for (const fs::path& folder : {path, path / own}) {
    if (is_file(folder / first_file)) return folder;
  }
  for (const fs::path& folder : {path, path / pickled}) {
    if (is_file(folder / "meta") || is_file(folder / "batches.meta")) {
      fail(folder, "found the version for Python (pickles); expected the binary version, " + std::string(own) +
                       " (https://www.cs.toronto.edu/~kriz/cifar.html)");
    }
  }
  return required(path, {own});
}

/// Names of classes, one a line.
std::vector<std::string> class_names(const fs::path& file, Listing& listing, const DatasetOptions& options) {
  listing.sources.push_back(file);
  std::vector<std::string> names = read_lines(file, options);
  if (names.empty() || names.size() > 256) fail(file, "found " + std::to_string(names.size()) + " names; expected one for each class");
  return names;
}

const std::string& class_name(const std::vector<std::string>& names, std::uint8_t label, const std::string& picture) {
  if (label < names.size()) return names[label];
  throw FileError(picture + ": found class " + std::to_string(label) + "; expected 0 to " + std::to_string(names.size() - 1));
}

/// @param columns  of the label bytes, in order
Listing list_batches(const fs::path& folder, const std::vector<Batch>& batches, const std::vector<std::string>& columns,
                     const std::vector<std::vector<std::string>>& names, Listing listing) {
  constexpr std::int32_t side = 32;
  auto pixels = std::make_shared<ArrayPixels>(ArrayLayout{columns.size(), side, false});
  RowBuilder rows(folder.string());
  for (const Batch& batch : batches) {
    const fs::path file = folder / batch.file;
    if (!is_file(file)) {
      listing.missing.push_back({file.string(), "no such file"});
      continue;
    }
    listing.sources.push_back(file);
    const std::size_t first = rows.rows();
    const std::size_t count = pixels->add(file);
    for (std::size_t i = 0; i < count; ++i) {
      rows.next();
      const std::string name = file.stem().string() + "/" + std::to_string(i);
      const std::vector<std::uint8_t> labels = pixels->labels(first + i);
      rows.set("name", name);
      for (std::size_t k = columns.size(); k-- > 0;) rows.set(columns[k], class_name(names[k], labels[k], file.string() + ": picture " + std::to_string(i)));
      rows.set("split", batch.split);
    }
  }
  listing.pixels = std::move(pixels);
  return finished(std::move(listing), rows, folder, "the batches of the binary version");
}

}  // namespace

Listing list_cifar10(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = binary_folder(path, "cifar-10-batches-bin", "cifar-10-batches-py", "batches.meta.txt");
  Listing listing;
  const std::vector<std::vector<std::string>> names = {class_names(folder / "batches.meta.txt", listing, options)};
  return list_batches(folder,
                      {{"data_batch_1.bin", "train"}, {"data_batch_2.bin", "train"}, {"data_batch_3.bin", "train"},
                       {"data_batch_4.bin", "train"}, {"data_batch_5.bin", "train"}, {"test_batch.bin", "test"}},
                      {"label"}, names, std::move(listing));
}

Listing list_cifar100(const fs::path& path, const DatasetOptions& options) {
  const fs::path folder = binary_folder(path, "cifar-100-binary", "cifar-100-python", "fine_label_names.txt");
  Listing listing;
  std::vector<std::vector<std::string>> names;
  for (const char* file : {"coarse_label_names.txt", "fine_label_names.txt"}) names.push_back(class_names(folder / file, listing, options));
  return list_batches(folder, {{"train.bin", "train"}, {"test.bin", "test"}}, {"superclass", "label"}, names, std::move(listing));
}

}  // namespace splice_cuda::data
