#include "cli/experiments/result_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "cli/listing.hpp"
#include "cli/text_layout.hpp"
#include "io/atomic_file.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
const T& by_key(const std::vector<T>& items, const std::string& key, const std::string& whose) {
  const auto place = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.key == key; });
  if (place == items.end()) throw std::logic_error("result document: " + whose + " names '" + key + "', which is not there");
  return *place;
}

/// nlohmann writes NaN as null by itself, but a reader of the value in memory would see NaN.
Json finite(const Json& value) {
  return value.is_number_float() && !std::isfinite(value.get<double>()) ? Json(nullptr) : value;
}

Json table_json(const ResultTable& table) {
  Json columns = Json::array();
  for (const ResultColumn& column : table.columns) {
    columns.push_back({{"key", column.key}, {"title", column.title}, {"kind", column_kind_names[static_cast<std::size_t>(column.kind)]},
                       {"digits", column.digits}});
  }
  Json rows = Json::array();
  for (const auto& cells : table.rows) {
    Json row = Json::array();
    for (const Json& cell : cells) row.push_back(finite(cell));
    rows.push_back(std::move(row));
  }
  return {{"key", table.key}, {"title", table.title}, {"note", table.note}, {"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

Json chart_json(const ResultDocument& document, const ResultChart& chart) {
  const ResultTable& table = by_key(document.tables, chart.table, "chart " + chart.key);
  Json json = {{"key", chart.key}, {"title", chart.title}, {"description", chart.description},
               {"kind", chart_kind_names[static_cast<std::size_t>(chart.kind)]}, {"table", chart.table}};
  const std::array<std::pair<const char*, const std::string*>, 7> columns = {{{"x", &chart.x}, {"x_end", &chart.x_end}, {"y", &chart.y},
      {"series", &chart.series}, {"facet", &chart.facet}, {"color", &chart.color}, {"error", &chart.error}}};
  for (const auto& [name, key] : columns) {
    if (key->empty()) continue;
    by_key(table.columns, *key, "chart " + chart.key);
    json[name] = *key;
  }
  json["y_log"] = chart.y_log;
  return json;
}

std::string cell_text(const ResultColumn& column, const Json& cell) {
  if (cell.is_string()) return printable(cell.get<std::string>());
  if (cell.is_number_integer()) return fmt::format("{}", cell.get<std::int64_t>());
  if (!cell.is_number() || !std::isfinite(cell.get<double>())) return "-";
  const double value = cell.get<double>();
  const bool shown = value == 0 || std::abs(value) >= 0.5 * std::pow(10.0, -column.digits);
  return shown ? fmt::format("{:.{}f}", value, column.digits) : fmt::format("{:.1e}", value);
}

std::string table_text(const ResultTable& table, std::int64_t most_rows) {
  const std::size_t shown = static_cast<std::size_t>(std::min<std::int64_t>(most_rows, static_cast<std::int64_t>(table.rows.size())));
  std::vector<std::vector<std::string>> lines(shown + 1);
  for (const ResultColumn& column : table.columns) lines[0].push_back(printable(column.title));
  for (std::size_t row = 0; row < shown; ++row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) lines[row + 1].push_back(cell_text(table.columns[i], table.rows[row][i]));
  }
  std::vector<int> widths(table.columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  std::string text = printable(table.title) + "\n";
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool left = table.columns[i].kind == ColumnKind::text || table.columns[i].kind == ColumnKind::picture;
      const std::string pad(static_cast<std::size_t>(widths[i] - display_width(line[i])), ' ');
      row += "  " + (left ? line[i] + pad : pad + line[i]);
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  if (shown < table.rows.size()) text += fmt::format("  and {} more\n", table.rows.size() - shown);
  return text;
}

}  // namespace

void ResultTable::add(std::vector<Json> cells) {
  if (cells.size() != columns.size()) throw std::logic_error("table " + key + ": a row of another length");
  rows.push_back(std::move(cells));
}

ResultChart make_chart(std::string key, std::string title, std::string description, ChartKind kind, std::string x, std::string y) {
  ResultChart chart;
  chart.table = key;
  chart.key = std::move(key);
  chart.title = std::move(title);
  chart.description = std::move(description);
  chart.kind = kind;
  chart.x = std::move(x);
  chart.y = std::move(y);
  return chart;
}

void add_sentence(std::string& text, const std::string& sentence) {
  if (!sentence.empty()) text += " " + sentence;
}

Json to_json(const ResultDocument& document) {
  Json json = {{"format", result_format}, {"splice_cuda", version()}, {"experiment", document.experiment}, {"title", document.title},
               {"summary", document.summary}, {"settings", document.settings}, {"tables", Json::array()}, {"charts", Json::array()}};
  for (const ResultTable& table : document.tables) json["tables"].push_back(table_json(table));
  for (const ResultChart& chart : document.charts) json["charts"].push_back(chart_json(document, chart));
  return json;
}

std::string to_text(const ResultDocument& document, std::int64_t most_rows) {
  std::string text = printable(document.title) + "\n";
  if (!document.summary.empty()) text += printable(document.summary) + "\n";
  for (const ResultTable& table : document.tables) text += "\n" + table_text(table, most_rows);
  return text;
}

void write_result(const std::filesystem::path& path, const ResultDocument& document) {
  io::AtomicFile file(path);
  file.write(json_text(to_json(document)) + "\n");
  file.commit();
}

}  // namespace splice_cuda::cli
