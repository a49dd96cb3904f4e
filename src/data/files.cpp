#include "data/files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include "data/byte_source.hpp"
#include "data/delimited_records.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {

namespace fs = std::filesystem;

namespace {
constexpr const char* not_utf8 = "found a path that is not UTF-8, which tables of records can't hold";
}  // namespace

void fail(const fs::path& path, const std::string& what) { throw FileError(path.string() + ": " + what); }

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

fs::path first_there(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const fs::path path = *name == '\0' ? folder : folder / name;
    if (is_file(path) || is_folder(path)) return path;  // a pipe or device in a dataset's place may never end
  }
  return {};
}

fs::path required(const fs::path& folder, std::initializer_list<const char*> names) {
  fs::path found = first_there(folder, names);
  if (!found.empty()) return found;
  if (!is_folder(folder)) fail(folder, "found no such folder; expected that of the dataset");
  std::string expected;
  for (const char* name : names) expected += (expected.empty() ? "'" : " or '") + std::string(name) + "'";
  fail(folder, "found no " + expected + "; expected the dataset's layout (docs/datasets.md)");
}

std::vector<fs::path> entries(const fs::path& folder, const std::function<bool(const fs::path&)>& keep) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (keep(entry->path())) found.push_back(entry->path());
  }
  if (error) fail(folder, "can't list: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> subfolders(const fs::path& folder) {
  return entries(folder, [](const fs::path& path) { return !path.filename().string().starts_with('.') && is_folder(path); });
}

std::vector<fs::path> pictures_below(const fs::path& folder, Listing& listing) {
  std::vector<fs::path> unreadable;
  std::vector<fs::path> found = list_images(folder, &unreadable);
  for (const fs::path& path : unreadable) listing.missing.push_back({path.string(), "the folder can't be read"});
  std::erase_if(found, [&](const fs::path& path) {
    if (io::is_utf8(path.string())) return false;
    listing.missing.push_back({path.string(), not_utf8});
    return true;
  });
  return found;
}

std::vector<std::string> read_lines(const fs::path& path, const DatasetOptions& options) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && !is_file(path)) fail(path, "found no regular file; expected a list");
  std::vector<std::string> lines;
  const std::unique_ptr<ByteSource> bytes = open_bytes(path.string(), options.tables.stop);
  for_each_record(*bytes, {.at_once = true}, [&](Record& record) {
    std::string& line = record.fields.front();
    const std::string at = "line " + std::to_string(lines.size() + 1) + ": ";
    if (record.too_long) fail(path, at + "found more than 1 MiB; expected a list");
    if (!io::is_utf8(line)) fail(path, at + "found text that is not UTF-8");
    lines.push_back(std::move(line));
  });
  while (!lines.empty() && lines.back().find_first_not_of(" \t") == std::string::npos) lines.pop_back();
  return lines;
}

std::vector<std::string> words_of(std::string_view line) {
  constexpr std::string_view space = " \t";
  std::vector<std::string> words;
  for (std::size_t begin = line.find_first_not_of(space); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(space, begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(space, end);
  }
  return words;
}

std::int64_t number_of(std::string_view text, const fs::path& path, const char* what) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  fail(path, "found '" + std::string(text.substr(0, 100)) + "'; expected " + what);
}

void begin_picture(RowBuilder& rows, const fs::path& path) {
  rows.next();
  rows.set("path", path.string());
}

bool begin_file(RowBuilder& rows, Listing& listing, const fs::path& path) {
  if (!is_file(path)) {
    listing.missing.push_back({path.string(), "no such file"});
    return false;
  }
  if (!io::is_utf8(path.string())) {
    listing.missing.push_back({path.string(), not_utf8});
    return false;
  }
  begin_picture(rows, path);
  return true;
}

Listing finished(Listing listing, RowBuilder& rows, const fs::path& path, const std::string& expected) {
  if (rows.rows() == 0) {
    std::string found = "found no sample";
    if (!listing.missing.empty()) {
      found = "found none of " + std::to_string(listing.missing.size()) + " samples, the first: " + listing.missing.front().name + ": " +
              listing.missing.front().reason;
    }
    fail(path, found + "; expected " + expected);
  }
  listing.records = rows.take();
  return listing;
}

bool is_split_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> known = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace splice_cuda::data
