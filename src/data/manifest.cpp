// Tables with a column `path`: manifest, waterbirds.

#include <string>
#include <utility>
#include <vector>

#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string>& existing_column(const RecordTable& table, const fs::path& path, const std::string& column) {
  try {
    return table.column(column);
  } catch (const ArgumentError& error) {
    fail(path, error.what());
  }
}

/// "0" and "1" and so on by their names. @throws FileError for another number
std::string named(const std::string& number, std::initializer_list<const char*> names, const fs::path& path, const char* column) {
  const std::int64_t place = number_of(number, path, "a whole number");
  if (place < 0 || place >= static_cast<std::int64_t>(names.size())) {
    fail(path, "column '" + std::string(column) + "': found " + number + "; expected 0 to " + std::to_string(names.size() - 1));
  }
  return names.begin()[place];
}

}  // namespace

Listing list_manifest(const fs::path& path, const DatasetOptions& options) {
  const RecordTable table = read_records(path, options.tables);
  const std::vector<std::string>& paths = existing_column(table, path, "path");
  const fs::path root = options.root.empty() ? path.parent_path() : options.root;
  Listing listing;
  listing.sources = {path};
  RowBuilder rows(path.string());
  std::vector<std::pair<std::string, const std::vector<std::string>*>> others;  // finding a column takes as long as there are columns
  for (const std::string& name : table.names()) {
    if (name != "path") others.emplace_back(name, &table.column(name));
  }
  constexpr std::size_t between_stops = 1024;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (options.tables.stop && i % between_stops == 0) options.tables.stop();
    if (paths[i].empty()) {
      listing.missing.push_back({"record " + std::to_string(i + 1), "found no path"});
      continue;
    }
    if (!begin_file(rows, listing, root / paths[i])) continue;
    for (const auto& [name, values] : others) rows.set(name, (*values)[i]);
  }
  return finished(std::move(listing), rows, path, "a column 'path' of pictures, relative to " + (root.empty() ? "this folder" : "'" + root.string() + "'"));
}

Listing list_waterbirds(const fs::path& path, const DatasetOptions& options) {
  const fs::path metadata = required(path, {"metadata.csv", "waterbird_complete95_forest2water2/metadata.csv"});
  const RecordTable table = read_records(metadata, options.tables);
  const auto& files = existing_column(table, metadata, "img_filename");
  const auto& birds = existing_column(table, metadata, "y");
  const auto& places = existing_column(table, metadata, "place");
  const auto& splits = existing_column(table, metadata, "split");
  Listing listing;
  listing.sources = {metadata};
  RowBuilder rows(metadata.string());
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!begin_file(rows, listing, metadata.parent_path() / files[i])) continue;
    const std::string bird = named(birds[i], {"landbird", "waterbird"}, metadata, "y");
    const std::string place = named(places[i], {"land", "water"}, metadata, "place");
    rows.set("label", bird);
    rows.set("place", place);
    rows.set("group", bird + " on " + place);
    rows.set("split", named(splits[i], {"train", "val", "test"}, metadata, "split"));
  }
  return finished(std::move(listing), rows, metadata, "pictures that its column 'img_filename' lists");
}

}  // namespace splice_cuda::data
