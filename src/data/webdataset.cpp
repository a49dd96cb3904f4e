// WebDataset: shards are tar archives whose members belong together by their names up to the first dot (Aizman, Maltby, Breuel 2019).

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/brace_list.hpp"
#include "data/files.hpp"
#include "data/tar_shards.hpp"
#include "io/ascii.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t longest_text = std::int64_t{1} << 20;
constexpr std::int64_t largest_picture = std::int64_t{1} << 30;

/// A picture's place in its shard.
struct Place {
  std::uint32_t shard = 0;
  std::int64_t header = 0;
  std::int64_t size = 0;
};

class ShardPixels : public PixelSource {
 public:
  ShardPixels(std::vector<fs::path> shards, std::vector<Place> places) : shards_(std::move(shards)), places_(std::move(places)) {}

  Image image(std::size_t index, const std::string& name, std::int64_t max_pixels) const override {
    const Place& place = places_[index];
    return decode_image(TarReader::read(shards_[place.shard], place.header, place.size, name), name, max_pixels);
  }

 private:
  std::vector<fs::path> shards_;
  std::vector<Place> places_;
};

/// A member's name up to the first dot of its last part, and what is behind the dot, in small letters.
struct Key {
  std::string_view key;
  std::string suffix;
};

Key key_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t dot = name.find('.', begin);
  if (dot == std::string_view::npos || dot == begin) return {};
  return {name.substr(0, dot), io::lower_ascii(std::string(name.substr(dot + 1)))};
}

bool is_picture(std::string_view suffix) {
  constexpr std::array<std::string_view, 4> known = {"jpg", "jpeg", "png", "webp"};
  const std::size_t dot = suffix.rfind('.');  // "input.jpg"
  const std::string_view last = dot == std::string_view::npos ? suffix : suffix.substr(dot + 1);
  return std::find(known.begin(), known.end(), last) != known.end();
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(space) - begin + 1));
}

/// One sample while its members pass by.
struct Sample {
  std::string key;
  bool has_picture = false;
  Place place;
  std::vector<std::pair<std::string, std::string>> values;
  std::string wrong;
};

class ShardReader {
 public:
  ShardReader(Listing& listing, RowBuilder& rows) : listing_(listing), rows_(rows) {}

  void read(const fs::path& path, const std::string& split) {
    shards_.push_back(path);
    split_ = split;
    shard_ = path.filename().string();
    if (!io::is_utf8(shard_)) {
      listing_.missing.push_back({path.string(), "found a name that is not UTF-8"});
      return;
    }
    try {
      TarReader::visit(path, [&](const TarMember& member, const TarReader::Bytes& bytes) { take(member, bytes); });
      finish_sample();
    } catch (const FileError& error) {
      // The sample that was begun may lack members.
      sample_ = {};
      listing_.missing.push_back({path.string(), error.what()});
    }
  }

  std::shared_ptr<const PixelSource> pixels() { return std::make_shared<ShardPixels>(std::move(shards_), std::move(places_)); }

 private:
  void take(const TarMember& member, const TarReader::Bytes& bytes) {
    if (!io::is_utf8(member.name)) {
      listing_.missing.push_back({shard_, "found a member whose name is not UTF-8"});
      return;
    }
    const Key key = key_of(member.name);
    if (key.key.empty() || key.key.starts_with("__")) return;  // hidden, without a suffix, or about the shard
    if (key.key != sample_.key) {
      finish_sample();
      sample_.key = key.key;
    }
    if (is_picture(key.suffix)) {
      if (sample_.has_picture) return;  // the first is the sample's
      sample_.has_picture = true;
      if (member.size > largest_picture) sample_.wrong = "found a picture of more than 1 GiB";
      sample_.place = {static_cast<std::uint32_t>(shards_.size() - 1), member.header, member.size};
    } else if (key.suffix == "cls" || key.suffix == "txt" || key.suffix == "json") {
      if (member.size > longest_text) {
        sample_.wrong = "found ." + key.suffix + " of more than 1 MiB";
        return;
      }
      const std::vector<std::uint8_t> data = bytes(longest_text);
      take_text(key.suffix, std::string(data.begin(), data.end()));
    }
  }

  void take_text(const std::string& suffix, const std::string& text) {
    if (!io::is_utf8(text)) {
      sample_.wrong = "found ." + suffix + " that is not UTF-8";
    } else if (suffix == "json") {
      const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
      if (!object.is_object()) sample_.wrong = "found .json that is no object";
      else add_values(object);
    } else {
      sample_.values.emplace_back(suffix == "cls" ? "label" : "caption", trimmed(text));
    }
  }

  /// Lists and objects are left out: a record holds text.
  void add_values(const nlohmann::json& object) {
    for (const auto& [key, value] : object.items()) {
      if (value.is_structured() || key.empty()) continue;
      const bool taken = key == "name" || key == "shard" || key == "split";
      sample_.values.emplace_back(taken ? "json." + key : key, value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump());
    }
  }

  void finish_sample() {
    if (sample_.key.empty()) return;
    const std::string name = shard_ + "/" + sample_.key;
    if (!sample_.has_picture && sample_.wrong.empty()) sample_.wrong = "found no .jpg, .png or .webp";
    if (sample_.wrong.empty()) {
      places_.push_back(sample_.place);
      rows_.next();
      rows_.set("name", name);
      if (!split_.empty()) rows_.set("split", split_);
      rows_.set("shard", shard_);
      for (auto& [column, value] : sample_.values) rows_.set(column, std::move(value));
    } else {
      listing_.missing.push_back({name, sample_.wrong});
    }
    sample_ = {};
  }

  Listing& listing_;
  RowBuilder& rows_;
  std::vector<fs::path> shards_;
  std::vector<Place> places_;
  std::string shard_;
  std::string split_;
  Sample sample_;
};

std::vector<fs::path> tars_in(const fs::path& folder) {
  return entries(folder, [](const fs::path& path) { return path.extension() == ".tar"; });
}

/// Shards, each with its split.
std::vector<std::pair<fs::path, std::string>> shards_of(const fs::path& path, Listing& listing) {
  std::vector<std::pair<fs::path, std::string>> shards;
  if (is_folder(path)) {
    for (const fs::path& shard : tars_in(path)) shards.emplace_back(shard, "");
    if (!shards.empty()) return shards;
    for (const fs::path& folder : subfolders(path)) {
      const std::string split = folder.filename().string();
      if (!is_split_name(split)) continue;
      for (const fs::path& shard : tars_in(folder)) shards.emplace_back(shard, split);
    }
    if (shards.empty()) fail(path, "found no .tar; expected shards, here or in folders train, val, test");
    return shards;
  }
  for (const std::string& name : expand_braces(path.string())) {
    if (is_file(name)) shards.emplace_back(name, "");
    else listing.missing.push_back({name, "no such file"});
  }
  return shards;
}

}  // namespace

Listing list_webdataset(const fs::path& path, const DatasetOptions& options) {
  Listing listing;
  RowBuilder rows(path.string());
  ShardReader reader(listing, rows);
  for (const auto& [shard, split] : shards_of(path, listing)) {
    if (options.tables.stop) options.tables.stop();
    listing.sources.push_back(shard);
    reader.read(shard, split);
  }
  listing.pixels = reader.pixels();
  return finished(std::move(listing), rows, path, "shards (.tar) of pictures with .cls, .txt or .json");
}

}  // namespace splice_cuda::data
