#include "cli/report/table_csv.hpp"

#include <fmt/format.h>

namespace splice_cuda::cli {
namespace {

std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string cell_field(const nlohmann::ordered_json& cell) {
  if (cell.is_string()) return field(cell.get<std::string>());
  if (cell.is_null()) return "";
  return cell.is_number_float() ? fmt::format("{}", cell.get<double>()) : cell.dump();
}

}  // namespace

std::string csv_text(const ResultTable& table) {
  std::string text;
  for (std::size_t i = 0; i < table.columns.size(); ++i) text += (i == 0 ? "" : ",") + field(table.columns[i].key);
  text += '\n';
  for (const auto& row : table.rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : ",") + cell_field(row[i]);
    // An empty field alone would be a blank line, which readers skip.
    text += (line.empty() ? "\"\"" : line) + '\n';
  }
  return text;
}

}  // namespace splice_cuda::cli
