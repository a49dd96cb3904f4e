// CelebA (Liu, Luo, Wang, Tang 2015): aligned pictures, 40 attributes of each.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

struct Attributes {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> lines;  ///< a picture's file, then a value a name
};

/// A count, the names, a line a picture.
Attributes read_text(const fs::path& path, const DatasetOptions& options) {
  const std::vector<std::string> lines = read_lines(path, options);
  if (lines.size() < 2) fail(path, "found " + std::to_string(lines.size()) + " lines; expected a count, names, and a line for each picture");
  const std::vector<std::string> first = words_of(lines[0]);
  const std::int64_t count = number_of(first.empty() ? "" : first[0], path, "the number of pictures in the first line");
  if (count != static_cast<std::int64_t>(lines.size()) - 2) {
    fail(path, "found " + std::to_string(lines.size() - 2) + " pictures; expected " + std::to_string(count) + ", as the first line says");
  }
  Attributes attributes{words_of(lines[1]), {}};
  for (std::size_t i = 2; i < lines.size(); ++i) {
    attributes.lines.push_back(words_of(lines[i]));
    if (attributes.lines.back().size() != attributes.names.size() + 1) {
      fail(path, "line " + std::to_string(i + 1) + ": found " + std::to_string(attributes.lines.back().size()) + " words; expected a file and " +
                     std::to_string(attributes.names.size()) + " values");
    }
  }
  return attributes;
}

/// The same as a table, the files in its first column.
Attributes read_table(const fs::path& path, const DatasetOptions& options) {
  const RecordTable table = read_records(path, options.tables);
  Attributes attributes{table.names(), std::vector<std::vector<std::string>>(static_cast<std::size_t>(table.rows()))};
  for (const std::string& name : attributes.names) {
    const std::vector<std::string>& values = table.column(name);
    for (std::size_t i = 0; i < values.size(); ++i) attributes.lines[i].push_back(values[i]);
  }
  attributes.names.erase(attributes.names.begin());
  return attributes;
}

/// Split of each file.
std::unordered_map<std::string, std::string> read_splits(const fs::path& path, const DatasetOptions& options) {
  std::vector<std::vector<std::string>> lines;
  if (path.extension() == ".csv") {
    lines = read_table(path, options).lines;
  } else {
    for (const std::string& line : read_lines(path, options)) lines.push_back(words_of(line));
  }
  std::unordered_map<std::string, std::string> splits;
  for (const std::vector<std::string>& line : lines) {
    if (line.size() != 2) fail(path, "found a line of " + std::to_string(line.size()) + " words; expected a file and 0, 1 or 2");
    const std::string& number = line[1];
    if (number != "0" && number != "1" && number != "2") fail(path, "found '" + number + "' for " + line[0] + "; expected 0, 1 or 2");
    splits[line[0]] = number == "0" ? "train" : number == "1" ? "val" : "test";
  }
  return splits;
}

std::string value_of(const std::string& text, const fs::path& path) {
  if (text == "1") return "1";
  if (text == "-1" || text == "0") return "0";
  fail(path, "found '" + text.substr(0, 100) + "'; expected 1 or -1");
}

}  // namespace

Listing list_celeba(const fs::path& path, const DatasetOptions& options) {
  const fs::path table = required(path, {"list_attr_celeba.txt", "Anno/list_attr_celeba.txt", "list_attr_celeba.csv"});
  fs::path pictures = required(path, {"img_align_celeba", "Img/img_align_celeba"});
  if (is_folder(pictures / "img_align_celeba")) pictures /= "img_align_celeba";  // as one mirror has it
  const fs::path partition = first_there(path, {"list_eval_partition.txt", "Eval/list_eval_partition.txt", "list_eval_partition.csv"});
  Listing listing;
  listing.sources = {table};
  const Attributes attributes = table.extension() == ".csv" ? read_table(table, options) : read_text(table, options);
  std::unordered_map<std::string, std::string> splits;
  if (!partition.empty()) {
    listing.sources.push_back(partition);
    splits = read_splits(partition, options);
  }
  RowBuilder rows(table.string());
  for (const std::vector<std::string>& line : attributes.lines) {
    if (!begin_file(rows, listing, pictures / line[0])) continue;
    if (const auto split = splits.find(line[0]); split != splits.end()) rows.set("split", split->second);
    for (std::size_t i = 0; i < attributes.names.size(); ++i) rows.set(attributes.names[i], value_of(line[i + 1], table));
  }
  return finished(std::move(listing), rows, pictures, "the pictures that '" + table.string() + "' lists");
}

}  // namespace splice_cuda::data
