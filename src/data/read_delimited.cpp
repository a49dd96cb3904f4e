#include "data/read_delimited.hpp"

#include <set>
#include <utility>
#include <vector>

#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) { throw FileError(path + ": " + what); }

std::string at_record(std::int64_t number) { return "record " + std::to_string(number) + ": "; }

void check_header(const std::string& path, const std::vector<std::string>& header) {
  constexpr std::size_t most_columns = 1000;
  if (header.size() > most_columns) {
    fail(path, "found " + std::to_string(header.size()) + " columns; expected at most " + std::to_string(most_columns));
  }
  std::set<std::string> seen;
  for (const std::string& name : header) {
    if (name.empty()) fail(path, "found a column without a name; expected a header that names each column");
    if (!seen.insert(name).second) fail(path, "found column '" + name + "' twice; expected different names");
  }
}

/// A line without a byte. Behind a header of one column it is a record whose cell is empty; elsewhere it parts or ends tables.
bool is_passed_over(const Record& record, const std::vector<std::string>& header) {
  return record.fields.size() == 1 && record.fields.front().empty() && !record.quoted && header.size() != 1;
}

}  // namespace

void check_text(const std::string& path, std::int64_t number, const Record& record) {
  const std::string fault(record.fault);
  if (record.too_long) fail(path, at_record(number) + fault + (fault.empty() ? "" : ": ") + "found more than 1 MiB; expected a table of records");
  if (!fault.empty()) fail(path, at_record(number) + fault);
  for (const std::string& field : record.fields) {
    if (!io::is_utf8(field)) fail(path, at_record(number) + "found text that is not UTF-8");
  }
}

RecordTable read_delimited(ByteSource& source, const std::string& path, char separator) {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> columns;
  std::int64_t number = 0;
  for_each_record(source, {separator, true, true}, [&](Record& record) {
    ++number;
    check_text(path, number, record);
    if (is_passed_over(record, header)) return;
    if (header.empty()) {
      check_header(path, record.fields);
      header = std::move(record.fields);
      columns.resize(header.size());
      return;
    }
    if (record.fields.size() != header.size()) {
      fail(path, at_record(number) + "found " + std::to_string(record.fields.size()) + " fields; expected " + std::to_string(header.size()) +
                     ", as many as the header has");
    }
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].push_back(std::move(record.fields[i]));
  });
  if (header.empty()) fail(path, "found no header; expected a table of records");
  RecordTable table;
  for (std::size_t i = 0; i < columns.size(); ++i) table.set(header[i], std::move(columns[i]));
  return table;
}

}  // namespace splice_cuda::data
