// Stanford Cars (Krause, Stark, Deng, Fei-Fei 2013): the devkit's .mat files, or the tables that mirrors carry.

#include <string>
#include <utility>
#include <vector>

#include "data/car_name.hpp"
#include "data/files.hpp"
#include "data/mat_file.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

/// Begins the record of a picture, where it is there, with its class.
void add_car(RowBuilder& rows, Listing& listing, const fs::path& picture, const std::string& name, const std::string& split) {
  if (!begin_file(rows, listing, picture)) return;
  const CarName car = parse_car_name(name);
  rows.set("label", name);
  if (!split.empty()) rows.set("split", split);
  rows.set("make", car.make);
  rows.set("model", car.model);
  rows.set("year", car.year);
}

/// A class's name by its number from 1.
const std::string& name_at(const std::vector<std::string>& names, const std::string& number, const fs::path& table) {
  const std::int64_t place = number_of(number, table, "the number of a class");
  if (place >= 1 && place <= static_cast<std::int64_t>(names.size())) return names[static_cast<std::size_t>(place - 1)];
  fail(table, "found class " + number + "; expected 1 to " + std::to_string(names.size()));
}

/// cars_train, cars_test and devkit/cars_*_annos*.mat.
void read_devkit(const fs::path& path, const fs::path& meta, const DatasetOptions& options, RowBuilder& rows, Listing& listing) {
  listing.sources.push_back(meta);
  const std::vector<std::string> names = read_mat(meta, "class_names", {}, options.tables).column("class_names");
  const auto add = [&](const fs::path& annotations, const char* folder, const char* split) {
    listing.sources.push_back(annotations);
    const RecordTable table = read_mat(annotations, "annotations", {"fname", "class"}, options.tables);
    const std::vector<std::string>& files = table.column("fname");
    const std::vector<std::string>& classes = table.column("class");
    for (std::size_t i = 0; i < files.size(); ++i) {
      add_car(rows, listing, path / folder / files[i], name_at(names, classes[i], annotations), split);
    }
  };
  add(required(path, {"devkit/cars_train_annos.mat", "cars_train_annos.mat"}), "cars_train", "train");
  const fs::path test = first_there(path, {"cars_test_annos_withlabels.mat", "devkit/cars_test_annos_withlabels.mat"});
  if (!test.empty()) add(test, "cars_test", "test");
  else listing.missing.push_back({(path / "cars_test_annos_withlabels.mat").string(), "no such file; the devkit's own test list has no classes"});
}

/// names.csv, anno_train.csv and anno_test.csv without headers, and a folder a class below train and test.
void read_tables(const fs::path& names_file, const DatasetOptions& options, RowBuilder& rows, Listing& listing) {
  const fs::path folder = names_file.parent_path();
  const fs::path pictures = required(folder, {"car_data/car_data", "car_data", "train"});
  const fs::path root = pictures.filename() == "train" ? folder : pictures;
  listing.sources.push_back(names_file);
  const std::vector<std::string> names = read_lines(names_file, options);
  for (const std::string split : {"train", "test"}) {
    const fs::path table = folder / ("anno_" + split + ".csv");
    if (!is_file(table)) {
      listing.missing.push_back({table.string(), "no such file"});
      continue;
    }
    listing.sources.push_back(table);
    for (const std::string& line : read_lines(table, options)) {
      // fname,x1,y1,x2,y2,class
      const std::size_t first = line.find(',');
      const std::size_t last = line.rfind(',');
      if (first == last) fail(table, "found '" + line.substr(0, 100) + "'; expected file,x1,y1,x2,y2,class");
      std::string name = name_at(names, line.substr(last + 1), table);
      if (name.size() > 1 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
      std::string of_class = name;
      for (char& c : of_class) c = c == '/' ? '-' : c;  // "Ram C/V" is a folder, too
      add_car(rows, listing, root / split / of_class / line.substr(0, first), name, split);
    }
  }
}

/// A folder a class below train and test, without tables.
void read_folders(const fs::path& root, RowBuilder& rows, Listing& listing) {
  for (const char* split : {"train", "test"}) {
    if (!is_folder(root / split)) continue;
    for (const fs::path& folder : subfolders(root / split)) {
      for (const fs::path& picture : pictures_below(folder, listing)) add_car(rows, listing, picture, folder.filename().string(), split);
    }
  }
}

}  // namespace

Listing list_stanford_cars(const fs::path& path, const DatasetOptions& options) {
  const fs::path root = is_folder(path / "stanford_cars") ? path / "stanford_cars" : path;
  const fs::path meta = first_there(root, {"devkit/cars_meta.mat", "cars_meta.mat"});
  const fs::path names = first_there(root, {"names.csv"});
  const fs::path folders = first_there(root, {"car_data/car_data/train", "car_data/train", "train"});
  Listing listing;
  RowBuilder rows(root.string());
  if (!meta.empty()) read_devkit(root, meta, options, rows, listing);
  else if (!names.empty()) read_tables(names, options, rows, listing);
  else if (!folders.empty()) read_folders(folders.parent_path(), rows, listing);
  else required(root, {"devkit/cars_meta.mat", "names.csv", "train"});
  return finished(std::move(listing), rows, root, "cars_train and cars_test, or train and test");
}

}  // namespace splice_cuda::data
