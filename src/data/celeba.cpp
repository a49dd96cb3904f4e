// CelebA (Liu, Luo, Wang, Tang 2015): aligned pictures, 40 attributes of each.

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/files.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

namespace fs = std::filesystem;

/// A picture's file, then a value for each name. Called line by line: 200,000 lines of 40 values are not held beside the records that are made of them.
using LineVisitor = std::function<void(const std::vector<std::string>& names, const std::vector<std::string>& line)>;

/// A count, the names, a line a picture.
void read_text(const fs::path& path, const DatasetOptions& options, const LineVisitor& visit) {
  const std::vector<std::string> lines = read_lines(path, options);
  if (lines.size() < 2) fail(path, "found " + std::to_string(lines.size()) + " lines; expected a count, names, and a line for each picture");
  const std::vector<std::string> first = words_of(lines[0]);
  const std::int64_t count = number_of(first.empty() ? "" : first[0], path, "the number of pictures in the first line");
  if (count != static_cast<std::int64_t>(lines.size()) - 2) {
    fail(path, "found " + std::to_string(lines.size() - 2) + " pictures; expected " + std::to_string(count) + ", as the first line says");
  }
  const std::vector<std::string> names = words_of(lines[1]);
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const std::vector<std::string> words = words_of(lines[i]);
    if (words.size() != names.size() + 1) {
      fail(path, "line " + std::to_string(i + 1) + ": found " + std::to_string(words.size()) + " words; expected a file and " +
                     std::to_string(names.size()) + " values");
    }
    visit(names, words);
  }
}

/// The same as a table, the files in its first column.
void read_table(const fs::path& path, const DatasetOptions& options, const LineVisitor& visit) {
  const RecordTable table = read_records(path, options.tables);
  std::vector<std::string> names = table.names();
  std::vector<const std::vector<std::string>*> columns;
  for (const std::string& name : names) columns.push_back(&table.column(name));
  names.erase(names.begin());
  std::vector<std::string> line(columns.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(table.rows()); ++i) {
    for (std::size_t k = 0; k < columns.size(); ++k) line[k] = (*columns[k])[i];
    visit(names, line);
  }
}

/// Split of each file.
std::unordered_map<std::string, std::string> read_splits(const fs::path& path, const DatasetOptions& options) {
  std::unordered_map<std::string, std::string> splits;
  const auto add = [&](const std::vector<std::string>& line) {
    if (line.size() != 2) fail(path, "found a line of " + std::to_string(line.size()) + " words; expected a file and 0, 1 or 2");
    const std::string& number = line[1];
    if (number != "0" && number != "1" && number != "2") fail(path, "found '" + number + "' for " + line[0] + "; expected 0, 1 or 2");
    splits[line[0]] = number == "0" ? "train" : number == "1" ? "val" : "test";
  };
  if (path.extension() == ".csv") {
    read_table(path, options, [&](const std::vector<std::string>&, const std::vector<std::string>& line) { add(line); });
  } else {
    for (const std::string& line : read_lines(path, options)) add(words_of(line));
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
  std::unordered_map<std::string, std::string> splits;
  if (!partition.empty()) {
    listing.sources.push_back(partition);
    splits = read_splits(partition, options);
  }
  RowBuilder rows(table.string());
  const auto add = [&](const std::vector<std::string>& names, const std::vector<std::string>& line) {
    if (!begin_file(rows, listing, pictures / line[0])) return;
    if (const auto split = splits.find(line[0]); split != splits.end()) rows.set("split", split->second);
    for (std::size_t i = 0; i < names.size(); ++i) rows.set(names[i], value_of(line[i + 1], table));
  };
  if (table.extension() == ".csv") read_table(table, options, add);
  else read_text(table, options, add);
  return finished(std::move(listing), rows, pictures, "the pictures that '" + table.string() + "' lists");
}

}  // namespace splice_cuda::data
