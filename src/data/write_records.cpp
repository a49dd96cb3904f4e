// Records as CSV (RFC 4180), and parts of tables.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/atomic_file.hpp"
#include "splice_cuda/dataset.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

/// @param alone  the record's only field, which has to be seen where it is empty
void add_field(std::string& line, std::string_view value, bool alone) {
  const bool plain = value.find_first_of(",\"\r\n") == std::string_view::npos && !value.starts_with("\xef\xbb\xbf") && !(alone && value.empty());
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

}  // namespace

void write_records(const std::filesystem::path& path, const RecordTable& records) {
  constexpr std::size_t block = std::size_t{1} << 16;
  const std::vector<std::string> names = records.names();
  std::vector<const std::vector<std::string>*> columns;
  for (const std::string& name : names) columns.push_back(&records.column(name));
  io::AtomicFile file(path);
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ',';
    add_field(text, names[i], names.size() == 1);
  }
  text += '\n';
  for (std::size_t row = 0; row < static_cast<std::size_t>(records.rows()); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) text += ',';
      add_field(text, (*columns[i])[row], columns.size() == 1);
    }
    text += '\n';
    if (text.size() < block) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
}

RecordTable take_records(const RecordTable& records, std::span<const std::int64_t> rows) {
  for (const std::int64_t row : rows) {
    if (row >= 0 && row < records.rows()) continue;
    throw ArgumentError("rows: got " + std::to_string(row) + "; expected 0 to " + std::to_string(records.rows() - 1));
  }
  RecordTable taken;
  for (const std::string& name : records.names()) {
    const std::vector<std::string>& all = records.column(name);
    std::vector<std::string> values;
    values.reserve(rows.size());
    for (const std::int64_t row : rows) values.push_back(all[static_cast<std::size_t>(row)]);
    taken.set(name, std::move(values));
  }
  return taken;
}

}  // namespace splice_cuda
