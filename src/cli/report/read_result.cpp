#include "cli/report/read_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/report/check_chart.hpp"
#include "cli/text_layout.hpp"
#include "io/mapped_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr int most_depth = 16;  // a document of ours is 6 deep; settings may hold lists
constexpr std::int64_t most_members = 10000;
constexpr std::size_t most_columns = 1000;
constexpr std::size_t longest_key = 100;
constexpr std::int64_t most_digits = 17;

/// A value and where it stands.
struct Place {
  const Json& value;
  std::string name;

  Place operator[](const char* key) const { return {value.at(key), (name.empty() ? "" : name + ".") + key}; }
  Place operator[](std::size_t i) const { return {value.at(i), fmt::format("{}[{}]", name, i)}; }
};

/// A value as messages show it: short, in one line.
std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  constexpr std::size_t most = 60;
  const std::string text = printable(json_text(value));
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

[[noreturn]] void reject(const Place& place, const std::string& expected) {
  throw FileError(fmt::format("{}: got {}; expected {}", place.name.empty() ? "the document" : place.name, shown(place.value), expected));
}

Place member(const Place& place, const char* key) {
  if (!place.value.is_object()) reject(place, "an object");
  if (!place.value.contains(key)) throw FileError(fmt::format("{}: has no \"{}\"", place.name.empty() ? "the document" : place.name, key));
  return place[key];
}

std::string text(const Place& place) {
  if (!place.value.is_string()) reject(place, "text");
  return place.value.get<std::string>();
}

std::string text_or_nothing(const Place& object, const char* key) {
  return object.value.contains(key) ? text(object[key]) : "";
}

const Place& list(const Place& place) {
  if (!place.value.is_array()) reject(place, "a list");
  return place;
}

std::string key_of(const Place& object, std::set<std::string>& keys) {
  const Place place = member(object, "key");
  std::string key = text(place);
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (key.empty() || key.size() > longest_key || !std::all_of(key.begin(), key.end(), good)) {
    reject(place, fmt::format("1 to {} small letters, digits and _", longest_key));
  }
  if (!keys.insert(key).second) reject(place, "a key that stands there once");
  return key;
}

template <class Kind, std::size_t count>
Kind kind_of(const Place& object, const std::array<const char*, count>& names) {
  const Place place = member(object, "kind");
  const std::string name = text(place);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) reject(place, fmt::format("one of {}", fmt::join(names, ", ")));
  return static_cast<Kind>(found - names.begin());
}

std::int32_t digits_of(const Place& column) {
  if (!column.value.contains("digits")) return ResultColumn{}.digits;
  const Place place = column["digits"];
  const bool good = place.value.is_number_integer() && place.value.get<std::int64_t>() >= 0 && place.value.get<std::int64_t>() <= most_digits;
  if (!good) reject(place, fmt::format("a whole number from 0 to {}", most_digits));
  return place.value.get<std::int32_t>();
}

/// Other writers than ours know no difference between 3 and 3.0.
Json whole(const Place& cell) {
  constexpr double most = 9007199254740992.0;  // 2^53, up to which each whole number is a double
  if (cell.value.is_number_unsigned() && cell.value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) reject(cell, "at most 2^63 - 1");
  if (cell.value.is_number_integer()) return cell.value;
  const double number = cell.value.is_number() ? cell.value.get<double>() : 0.5;
  if (number != std::floor(number) || std::abs(number) > most) reject(cell, "a whole number or null");
  return static_cast<std::int64_t>(number);
}

Json cell_of(ColumnKind kind, const Place& cell) {
  if (cell.value.is_null()) return nullptr;
  if (kind == ColumnKind::integer) return whole(cell);
  const bool number = kind == ColumnKind::number;
  if (number ? !cell.value.is_number() : !cell.value.is_string()) reject(cell, number ? "a number or null" : "text or null");
  return cell.value;
}

ResultTable table_of(const Place& place, std::set<std::string>& keys) {
  ResultTable table;
  table.key = key_of(place, keys);
  table.title = text(member(place, "title"));
  table.note = text_or_nothing(place, "note");
  const Place columns = list(member(place, "columns"));
  if (columns.value.empty() || columns.value.size() > most_columns) reject(columns, fmt::format("1 to {} columns", most_columns));
  std::set<std::string> column_keys;
  for (std::size_t i = 0; i < columns.value.size(); ++i) {
    const Place column = columns[i];
    const std::string key = key_of(column, column_keys);
    table.columns.push_back({key, text(member(column, "title")), kind_of<ColumnKind>(column, column_kind_names), digits_of(column)});
  }
  const Place rows = list(member(place, "rows"));
  for (std::size_t r = 0; r < rows.value.size(); ++r) {
    const Json& cells = rows.value[r];
    if (!cells.is_array() || cells.size() != table.columns.size()) reject(rows[r], fmt::format("a list of {}, a cell a column", table.columns.size()));
    std::vector<Json> row;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      // The place's name costs more than the check: it is made where there is something to tell.
      try {
        row.push_back(cell_of(table.columns[c].kind, {cells[c], ""}));
      } catch (const FileError&) {
        cell_of(table.columns[c].kind, rows[r][c]);
        throw;
      }
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

ResultChart chart_of(const Place& place, const ResultDocument& document, std::set<std::string>& keys) {
  ResultChart chart;
  chart.key = key_of(place, keys);
  chart.title = text(member(place, "title"));
  chart.description = text_or_nothing(place, "description");
  chart.kind = kind_of<ChartKind>(place, chart_kind_names);
  chart.table = text(member(place, "table"));
  chart.x = text_or_nothing(place, "x");
  chart.x_end = text_or_nothing(place, "x_end");
  chart.y = text_or_nothing(place, "y");
  chart.series = text_or_nothing(place, "series");
  chart.facet = text_or_nothing(place, "facet");
  chart.color = text_or_nothing(place, "color");
  chart.error = text_or_nothing(place, "error");
  if (place.value.contains("y_log")) {
    if (!place["y_log"].value.is_boolean()) reject(place["y_log"], "true or false");
    chart.y_log = place["y_log"].value.get<bool>();
  }
  if (const std::string fault = chart_fault(document, chart); !fault.empty()) throw FileError(place.name + fault);
  return chart;
}

Json parse(std::span<const std::byte> bytes) {
  const auto* first = reinterpret_cast<const char*>(bytes.data());
  std::array<std::int64_t, most_depth + 1> members{};
  const auto modest = [&](int depth, Json::parse_event_t event, Json&) {
    if (depth > most_depth) throw FileError(fmt::format("nested more than {} deep; expected a result document", most_depth));
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start) members[level] = 0;
    // The reader looks through an object's members for each new one.
    if (event == Json::parse_event_t::key && ++members[level - 1] > most_members) {
      throw FileError(fmt::format("holds an object of more than {} members; expected a result document", grouped(most_members)));
    }
    return true;
  };
  try {
    return Json::parse(first, first + bytes.size(), modest);
  } catch (const Json::exception& error) {
    // Without the library's own number, and the bytes it read last: they may be anything.
    std::string reason = error.what();
    reason.erase(0, std::min(reason.find("] "), reason.size() - 2) + 2);
    throw FileError(fmt::format("is no JSON document: {}", printable(reason.substr(0, reason.find("; last read")))));
  }
}

ResultDocument document_of(const Json& json) {
  const Place root{json, ""};
  const Place format = member(root, "format");
  if (format.value != result_format) reject(format, fmt::format("\"{}\"", result_format));
  ResultDocument document;
  document.experiment = text(member(root, "experiment"));
  document.title = text(member(root, "title"));
  document.summary = text_or_nothing(root, "summary");
  if (json.contains("settings")) {
    if (!json["settings"].is_object()) reject(root["settings"], "an object");
    document.settings = json["settings"];
  }
  std::set<std::string> keys;
  const Place tables = list(member(root, "tables"));
  for (std::size_t i = 0; i < tables.value.size(); ++i) document.tables.push_back(table_of(tables[i], keys));
  keys.clear();
  const Place charts = list(member(root, "charts"));
  for (std::size_t i = 0; i < charts.value.size(); ++i) document.charts.push_back(chart_of(charts[i], document, keys));
  return document;
}

}  // namespace

ResultDocument read_result(const std::filesystem::path& path) {
  const io::MappedFile file(path);
  try {
    if (file.bytes().size() > most_bytes) {
      throw FileError(fmt::format("got {} bytes; expected at most {}", grouped(static_cast<std::int64_t>(file.bytes().size())),
                                  grouped(static_cast<std::int64_t>(most_bytes))));
    }
    return document_of(parse(file.bytes()));
  } catch (const FileError& error) {
    throw FileError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace splice_cuda::cli
