#include "cli/experiments/statistics_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "cli/numbers_text.hpp"
#include "experiments/row_direction.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t most_series = 12;  // colours that still can be told apart

struct HistogramKind {
  const char* key;
  const char* title;
  const char* axis;
  const char* note;
  std::int32_t digits;
  std::function<const FixedHistogram&(const GroupStatistics&)> of;
};

/// Bins from the first to the last that holds a row of any of the groups.
ResultTable histogram_table(const HistogramKind& kind, const std::vector<std::pair<std::string, const GroupStatistics*>>& groups) {
  ResultTable table{kind.key, kind.title, kind.note,
                    {{"group", "group"},
                     {"from", std::string(kind.axis) + " from", ColumnKind::number, kind.digits},
                     {"to", "to", ColumnKind::number, kind.digits},
                     {"rows", "rows", ColumnKind::integer}},
                    {}};
  std::int64_t first = 1000000;
  std::int64_t last = -1;
  for (const auto& [name, group] : groups) {
    const FixedHistogram& histogram = kind.of(*group);
    for (std::int64_t bin = 0; bin < histogram.bins(); ++bin) {
      if (histogram.count(bin) == 0) continue;
      first = std::min(first, bin);
      last = std::max(last, bin);
    }
  }
  for (const auto& [name, group] : groups) {
    const FixedHistogram& histogram = kind.of(*group);
    for (std::int64_t bin = first; bin <= last; ++bin) table.add({name, histogram.edge(bin), histogram.edge(bin + 1), histogram.count(bin)});
  }
  return table;
}

}  // namespace

double mean_or_nan(const Moments& moments) { return moments.count > 0 ? moments.mean : std::numeric_limits<double>::quiet_NaN(); }

std::vector<std::int32_t> groups_of(const CodeBlock& block, const RowGroups& groups) {
  std::vector<std::int32_t> found;
  found.reserve(block.records.size());
  for (const std::int64_t record : block.records) found.push_back(groups.of_row.empty() ? 0 : groups.of_row[static_cast<std::size_t>(record)]);
  return found;
}

bool has_embedding(const CodeBlock& block, std::int64_t row) {
  if (block.reports.empty()) return true;
  const RowStatus status = block.reports[static_cast<std::size_t>(row)].status;
  return has_direction(status);
}

void check_group_count(const std::string& option, const std::string& column, std::int64_t groups) {
  if (groups <= CodeStatistics::most_groups) return;
  throw ArgumentError(fmt::format("{}: got '{}' with {} values; expected at most {}", option, column, groups, CodeStatistics::most_groups));
}

ResultTable groups_table(const CodeStatistics& statistics, const RowGroups& groups) {
  ResultTable table{"groups", "Groups",
                    "Means, with standard errors (none for a single row), over rows that have an embedding; those of zeros, and with NaN or infinity, "
                    "are counted apart. l0 is the number of concepts of a row, cosine that of a row and its recomposition.",
                    {{"group", "group"}, {"rows", "rows", ColumnKind::integer}, {"zeros", "zeros", ColumnKind::integer},
                     {"non_finite", "NaN or inf", ColumnKind::integer}, {"uncertified", "not certified", ColumnKind::integer},
                     {"empty", "empty codes", ColumnKind::integer}, {"l0", "l0", ColumnKind::number, 2}, {"l0_error", "+-", ColumnKind::number, 2},
                     {"cosine", "cosine", ColumnKind::number}, {"cosine_error", "+-", ColumnKind::number, 4}},
                    {}};
  for (std::int64_t i = 0; i < statistics.size(); ++i) {
    const GroupStatistics& group = statistics.group(i);
    table.add({groups.names[static_cast<std::size_t>(i)], group.rows(), group.count(RowStatus::zero_embedding), group.count(RowStatus::non_finite_input),
               group.count(RowStatus::budget_exhausted), group.empty_codes(), mean_or_nan(group.l0()), group.l0().standard_error(),
               mean_or_nan(group.cosine()), group.cosine().standard_error()});
  }
  return table;
}

ResultTable largest_concepts_table(const CodeStatistics& statistics, const RowGroups& groups, const ConceptSpace& space, std::int64_t top) {
  ResultTable table{"concepts", "Concepts of each group",
                    "The concepts of largest mean weight over all rows of the group, with standard errors, and the share of its rows that have them.",
                    {{"group", "group"}, {"rank", "rank", ColumnKind::integer}, {"concept", "concept"}, {"weight", "mean weight", ColumnKind::number, 4},
                     {"error", "+-", ColumnKind::number, 4}, {"share", "share", ColumnKind::number}, {"rows", "rows", ColumnKind::integer}},
                    {}};
  for (std::int64_t i = 0; i < statistics.size(); ++i) {
    std::int64_t rank = 0;
    for (const ConceptMean& mean : statistics.group(i).largest(top)) {
      table.add({groups.names[static_cast<std::size_t>(i)], ++rank, space.name(mean.atom), mean.mean, mean.standard_error, mean.share, mean.rows});
    }
  }
  return table;
}

void add_histograms(const CodeStatistics& statistics, const GroupStatistics& together, const RowGroups& groups, ResultDocument& document) {
  std::vector<std::pair<std::string, const GroupStatistics*>> shown;
  if (statistics.size() > most_series) shown.emplace_back("all", &together);
  else for (std::int64_t i = 0; i < statistics.size(); ++i) shown.emplace_back(groups.names[static_cast<std::size_t>(i)], &statistics.group(i));
  const std::vector<HistogramKind> kinds = {
      {"l0", "Concepts a row", "l0", "Rows by their number of concepts; the last bin there can be holds 128 and more.", 0,
       [](const GroupStatistics& group) -> const FixedHistogram& { return group.l0_histogram(); }},
      {"cosine", "Cosine of rows and their recompositions", "cosine", "Rows by the cosine of embedding and recomposition.", 2,
       [](const GroupStatistics& group) -> const FixedHistogram& { return group.cosine_histogram(); }},
      {"gap", "Duality gaps", "log10 of the gap", "Rows by the decimal logarithm of their duality gap, a bound of the distance from the optimum; a gap of 0 is in the "
       "bin of -17.", 0, [](const GroupStatistics& group) -> const FixedHistogram& { return group.gap_histogram(); }}};
  for (const HistogramKind& kind : kinds) {
    ResultTable table = histogram_table(kind, shown);
    if (table.rows.empty()) continue;
    document.tables.push_back(std::move(table));
    ResultChart chart = make_chart(kind.key, kind.title, fmt::format("Histogram of {}: rows in each bin, a colour a group.", kind.axis),
                                   ChartKind::histogram, "from", "rows");
    chart.x_end = "to";
    chart.series = "group";
    document.charts.push_back(std::move(chart));
  }
}

std::string rows_text(const CodeStatistics& statistics, const GroupStatistics& together) {
  std::string text = fmt::format("{} in {}", counted(together.rows(), "row"), counted(statistics.size(), "group"));
  const auto add = [&](std::int64_t rows, const char* what) {
    if (rows > 0) text += fmt::format(", {} {}", grouped(rows), what);
  };
  add(together.count(RowStatus::zero_embedding), "of zeros left out");
  add(together.count(RowStatus::non_finite_input), "with NaN or infinity left out");
  add(together.count(RowStatus::budget_exhausted), "not certified");
  add(statistics.ungrouped(), "in no group left out");
  return text;
}

}  // namespace splice_cuda::cli
