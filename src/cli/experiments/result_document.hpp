#pragma once

/// @file result_document.hpp
/// What an experiment found, as tables, with charts that say which columns they draw: `splice report`, docs and spreadsheets need
/// not know the experiment.

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace splice_cuda::cli {

/// text; integer and number (null where there is none); picture: the path of a picture file.
enum class ColumnKind : std::uint8_t { text, integer, number, picture };
inline constexpr std::array column_kind_names = {"text", "integer", "number", "picture"};

struct ResultColumn {
  std::string key;    ///< snake_case, unique in its table; what charts and CSV call it
  std::string title;  ///< what people read
  ColumnKind kind = ColumnKind::text;
  std::int32_t digits = 3;  ///< of a number, behind the point, where it is shown; the document keeps all
};

struct ResultTable {
  std::string key;  ///< snake_case, unique in the document
  std::string title;
  std::string note;  ///< a sentence or two: what a row is, which units; may be empty
  std::vector<ResultColumn> columns;
  std::vector<std::vector<nlohmann::ordered_json>> rows;  ///< each as long as columns

  /// Appends a row. @throws std::logic_error for another number of cells than columns
  void add(std::vector<nlohmann::ordered_json> cells);
};

/// bars: horizontal, a bar for each value of x (text), y its length, in the table's order. columns: vertical bars over x. lines: points joined
/// by rising x (number) or in the table's order (text). histogram: x and x_end are the edges of bins, y counts. heat_map: x and y texts, color a number.
/// points: x and y numbers.
enum class ChartKind : std::uint8_t { bars, columns, lines, histogram, heat_map, points };
inline constexpr std::array chart_kind_names = {"bars", "columns", "lines", "histogram", "heat_map", "points"};

struct ResultChart {
  std::string key;
  std::string title;
  std::string description;  ///< for those who can't see it: what is drawn, and what it shows
  ChartKind kind = ChartKind::bars;
  std::string table;        ///< key of the table whose rows are drawn
  std::string x, x_end, y;  ///< keys of columns
  std::string series;       ///< text column: one colour a value; empty: one colour
  std::string facet;        ///< text column: one small chart a value; empty: one chart
  std::string color;        ///< number column of a heat_map
  std::string error;        ///< number column: y +- this is drawn; empty: none
  bool y_log = false;
};
/// A chart of columns x and y of the table of the same key.
ResultChart make_chart(std::string key, std::string title, std::string description, ChartKind kind, std::string x, std::string y);

struct ResultDocument {
  std::string experiment;  ///< the verb: "summarize", "evaluate probe"
  std::string title;
  std::string summary;     ///< one or two sentences with the main figures
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();  ///< flat: inputs, options, hashes
  std::vector<ResultTable> tables;
  std::vector<ResultChart> charts;
};

/// Behind a space; nothing where the sentence is empty.
void add_sentence(std::string& text, const std::string& sentence);

inline constexpr const char* result_format = "splice_cuda.result.1";
/// {"format": result_format, "splice_cuda": version, "experiment", "title", "summary", "settings", "tables": [{"key", "title", "note",
/// "columns": [{"key", "title", "kind", "digits"}], "rows": [[...]]}], "charts": [{"key", "title", "description", "kind", "table", "x", ...}]}.
/// NaN and infinity become null. @throws std::logic_error for a chart of a table or column that is not there
nlohmann::ordered_json to_json(const ResultDocument& document);

/// Tables as aligned text, at most `most_rows` rows of each.
std::string to_text(const ResultDocument& document, std::int64_t most_rows);

/// Whole or not at all. @throws FileError
void write_result(const std::filesystem::path& path, const ResultDocument& document);

}  // namespace splice_cuda::cli
