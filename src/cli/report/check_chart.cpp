#include "cli/report/check_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/text_layout.hpp"

namespace splice_cuda::cli {
namespace {

/// What a part of a chart may name.
enum class Wanted : std::uint8_t { nothing, number, category, number_or_category };

const char* text_of(Wanted wanted) {
  switch (wanted) {
    case Wanted::nothing: return "none";
    case Wanted::number: return "a number";
    case Wanted::category: return "text or whole numbers";
    case Wanted::number_or_category: return "text or numbers";
  }
  return "";
}

bool fits(ColumnKind kind, Wanted wanted) {
  if (kind == ColumnKind::integer) return wanted != Wanted::nothing;
  if (kind == ColumnKind::number) return wanted == Wanted::number || wanted == Wanted::number_or_category;
  return wanted == Wanted::category || wanted == Wanted::number_or_category;
}

struct Part {
  const char* name;
  const std::string& key;
  Wanted wanted;
  bool required;
};

std::vector<Part> parts_of(const ResultChart& chart) {
  const bool bins = chart.kind == ChartKind::histogram;
  const bool cells = chart.kind == ChartKind::heat_map;
  const bool numeric = bins || chart.kind == ChartKind::points;
  const bool either = chart.kind == ChartKind::lines || chart.kind == ChartKind::columns;
  return {{"x", chart.x, numeric ? Wanted::number : either ? Wanted::number_or_category : Wanted::category, true},
          {"x_end", chart.x_end, bins ? Wanted::number : Wanted::nothing, bins},
          {"y", chart.y, cells ? Wanted::category : Wanted::number, true},
          {"series", chart.series, cells ? Wanted::nothing : Wanted::category, false},
          {"facet", chart.facet, Wanted::category, false},
          {"color", chart.color, cells ? Wanted::number : Wanted::nothing, cells},
          {"error", chart.error, cells ? Wanted::nothing : Wanted::number, false}};
}

}  // namespace

std::string chart_fault(const ResultDocument& document, const ResultChart& chart) {
  const auto table = std::find_if(document.tables.begin(), document.tables.end(), [&](const ResultTable& t) { return t.key == chart.table; });
  if (table == document.tables.end()) return fmt::format(".table: names '{}', which is no table of the document", printable(chart.table));
  for (const Part& part : parts_of(chart)) {
    const char* kind = chart_kind_names[static_cast<std::size_t>(chart.kind)];
    if (part.key.empty()) {
      if (part.required) return fmt::format(".{}: is absent; expected the column of {} that {} need", part.name, text_of(part.wanted), kind);
      continue;
    }
    if (part.wanted == Wanted::nothing) return fmt::format(".{}: names '{}'; expected none, as {} have none", part.name, printable(part.key), kind);
    const auto column = std::find_if(table->columns.begin(), table->columns.end(), [&](const ResultColumn& c) { return c.key == part.key; });
    if (column == table->columns.end()) return fmt::format(".{}: names '{}', which is no column of table '{}'", part.name, printable(part.key), table->key);
    if (!fits(column->kind, part.wanted)) {
      return fmt::format(".{}: names '{}', a column of kind {}; expected {}", part.name, part.key,
                         column_kind_names[static_cast<std::size_t>(column->kind)], text_of(part.wanted));
    }
  }
  return "";
}

}  // namespace splice_cuda::cli
