#include "cli/experiments/read_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cli/captions/byte_source.hpp"
#include "cli/captions/delimited_records.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) { throw FileError(path.string() + ": " + what); }

void check_header(const std::filesystem::path& path, const std::vector<std::string>& header) {
  std::set<std::string> seen;
  for (const std::string& name : header) {
    if (name.empty()) fail(path, "found a column without a name; expected a header that names each column");
    if (!seen.insert(name).second) fail(path, fmt::format("found column '{}' twice; expected different names", name));
  }
}

}  // namespace

RecordTable read_records(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  const RecordSyntax syntax{name.ends_with(".tsv") ? '\t' : ',', true};
  const std::unique_ptr<ByteSource> bytes = open_bytes(path.string());
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> columns;
  std::int64_t number = 0;
  for_each_record(*bytes, syntax, [&](Record& record) {
    ++number;
    if (record.too_long) fail(path, fmt::format("record {}: found more than 1 MiB; expected a table of records", number));
    if (record.fields.size() == 1 && record.fields.front().empty()) return;  // an empty line
    for (const std::string& field : record.fields) {
      if (!io::is_utf8(field)) fail(path, fmt::format("record {}: found text that is not UTF-8", number));
    }
    if (header.empty()) {
      check_header(path, record.fields);
      header = std::move(record.fields);
      columns.resize(header.size());
      return;
    }
    if (record.fields.size() != header.size()) {
      fail(path, fmt::format("record {}: found {} fields; expected {}, as many as the header has", number, record.fields.size(), header.size()));
    }
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].push_back(std::move(record.fields[i]));
  });
  if (header.empty()) fail(path, "found no header; expected a table of records");
  RecordTable table;
  for (std::size_t i = 0; i < columns.size(); ++i) table.set(header[i], std::move(columns[i]));
  return table;
}

}  // namespace splice_cuda::cli
