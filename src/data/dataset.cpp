#include "splice_cuda/dataset.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "data/listing.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

struct Kind {
  const char* name;
  data::ListingMaker list;
};

constexpr std::array kinds_there_are = {
    Kind{"imagefolder", data::list_image_folder}, Kind{"manifest", data::list_manifest},       Kind{"webdataset", data::list_webdataset},
    Kind{"caltech101", data::list_caltech101},    Kind{"celeba", data::list_celeba},           Kind{"cifar10", data::list_cifar10},
    Kind{"cifar100", data::list_cifar100},        Kind{"coco-captions", data::list_coco_captions}, Kind{"imagenet", data::list_imagenet},
    Kind{"mit-states", data::list_mit_states},    Kind{"stanford-cars", data::list_stanford_cars}, Kind{"stl10", data::list_stl10},
    Kind{"sun397", data::list_sun397},            Kind{"voc2007", data::list_voc2007},         Kind{"waterbirds", data::list_waterbirds}};

std::string kinds_text() {
  std::string text;
  for (const Kind& kind : kinds_there_are) text += (text.empty() ? "" : ", ") + std::string(kind.name);
  return text;
}

/// Indices of the samples of a split, the first so many.
std::vector<std::int64_t> chosen_samples(const RecordTable& records, const DatasetOptions& options, const std::filesystem::path& path) {
  const std::int64_t limit = options.limit > 0 ? options.limit : records.rows();
  std::vector<std::int64_t> chosen;
  if (options.split.empty()) {
    for (std::int64_t i = 0; i < std::min(limit, records.rows()); ++i) chosen.push_back(i);
    return chosen;
  }
  if (!records.has("split")) {
    throw ArgumentError("split: got '" + options.split + "' for '" + path.string() + "', whose samples have no column 'split'; expected none");
  }
  const std::vector<std::string>& splits = records.column("split");
  for (std::int64_t i = 0; i < records.rows() && static_cast<std::int64_t>(chosen.size()) < limit; ++i) {
    if (splits[static_cast<std::size_t>(i)] == options.split) chosen.push_back(i);
  }
  if (!chosen.empty()) return chosen;
  try {
    RowGroups::of(splits).at(options.split);
  } catch (const ArgumentError& error) {
    throw ArgumentError(std::string("split: ") + error.what());
  }
  return chosen;
}

}  // namespace

struct Dataset::State {
  std::string kind;
  data::Listing listing;
  std::string first_column;
  std::vector<std::string> listed;   ///< paths of all pictures that are files, where only some are chosen
  std::vector<std::int64_t> places;  ///< of samples, in what the kind listed
};

Dataset Dataset::open(const std::string& kind, const std::filesystem::path& path, const DatasetOptions& options) {
  const auto known = std::find_if(kinds_there_are.begin(), kinds_there_are.end(), [&](const Kind& one) { return kind == one.name; });
  if (known == kinds_there_are.end()) throw ArgumentError("kind: got '" + kind + "'; expected one of " + kinds_text());
  if (path.empty()) throw ArgumentError("path: got none; expected the dataset's folder or file");
  if (options.limit < 0) throw ArgumentError("limit: got " + std::to_string(options.limit) + "; expected 0 (all) or more");
  if (!options.root.empty() && kind != "manifest") {
    throw ArgumentError("root: got '" + options.root.string() + "' for " + kind + "; expected it with manifest alone");
  }
  auto state = std::make_shared<State>();
  state->kind = kind;
  state->listing = known->list(path, options);
  RecordTable& records = state->listing.records;
  state->first_column = records.names().front();
  state->places = chosen_samples(records, options, path);
  if (static_cast<std::int64_t>(state->places.size()) != records.rows()) {
    if (state->listing.pixels == nullptr) state->listed = records.column(state->first_column);
    records = take_records(records, state->places);
  }
  return Dataset(std::move(state));
}

Dataset Dataset::open(const std::string& kind_and_path, const DatasetOptions& options) {
  const std::size_t colon = kind_and_path.find(':');
  if (colon == std::string::npos || colon + 1 == kind_and_path.size()) {
    throw ArgumentError("dataset: got '" + kind_and_path + "'; expected KIND:PATH, the kind one of " + kinds_text());
  }
  return open(kind_and_path.substr(0, colon), kind_and_path.substr(colon + 1), options);
}

std::vector<std::string> Dataset::kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds_there_are) names.emplace_back(kind.name);
  return names;
}

const std::string& Dataset::kind() const noexcept { return state_->kind; }
std::int64_t Dataset::size() const noexcept { return static_cast<std::int64_t>(state_->places.size()); }
const RecordTable& Dataset::records() const noexcept { return state_->listing.records; }
bool Dataset::has_files() const noexcept { return state_->listing.pixels == nullptr; }
const std::vector<std::filesystem::path>& Dataset::sources() const noexcept { return state_->listing.sources; }
const std::vector<std::string>& Dataset::listed_files() const noexcept {
  return has_files() && state_->listed.empty() ? records().column(state_->first_column) : state_->listed;
}
const std::vector<MissingSample>& Dataset::missing() const noexcept { return state_->listing.missing; }

const std::string& Dataset::name(std::int64_t index) const {
  if (index < 0 || index >= size()) {
    throw ArgumentError("index: got " + std::to_string(index) + "; expected 0 to " + std::to_string(size() - 1));
  }
  return records().column(state_->first_column)[static_cast<std::size_t>(index)];
}

Image Dataset::image(std::int64_t index, std::int64_t max_pixels) const {
  const std::string& called = name(index);
  if (has_files()) return read_image(called, max_pixels);
  return state_->listing.pixels->image(static_cast<std::size_t>(state_->places[static_cast<std::size_t>(index)]), called, max_pixels);
}

}  // namespace splice_cuda
