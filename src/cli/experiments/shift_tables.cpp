#include "cli/experiments/shift_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "cli/experiments/statistics_tables.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t most_pairs = 100000;
constexpr std::int64_t most_values = 1000;  ///< half a million pairs
constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Whether every value is a number: lines then go by it, else by the values' order.
bool are_numbers(const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(), [](const std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && std::isfinite(number);
  });
}

nlohmann::ordered_json value_cell(const std::string& text, bool numbers) {
  if (!numbers) return text;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Digits after the point that tell numbers apart as they were written: the most that any has.
int decimals_of(const std::vector<std::string>& values) {
  constexpr std::int64_t most = 17;
  std::int64_t decimals = 0;
  for (const std::string& text : values) {
    const std::size_t exponent = std::min(text.find_first_of("eE"), text.size());
    const std::size_t point = std::min(text.find('.'), exponent);
    const std::int64_t own = point < exponent ? static_cast<std::int64_t>(exponent - point - 1) : 0;
    std::int64_t power = 0;
    if (exponent < text.size()) std::from_chars(text.data() + exponent + 1 + (text[exponent + 1] == '+' ? 1 : 0), text.data() + text.size(), power);
    decimals = std::max(decimals, own - power);
  }
  return static_cast<int>(std::min(decimals, most));
}

ResultColumn value_column(const std::string& across, const std::vector<std::string>& values) {
  if (!are_numbers(values)) return {"value", across, ColumnKind::text, 0};
  return {"value", across, ColumnKind::number, decimals_of(values)};
}

/// Weight, share and truth of one group of concepts in one class, by value.
struct Course {
  std::vector<double> weight;
  std::vector<double> share;
  std::vector<double> truth;
};

Course course_of(const ShiftCells& cells, std::size_t group, std::size_t class_index) {
  Course course;
  for (std::size_t v = 0; v < cells.values.size(); ++v) {
    const std::size_t cell = cells.cell(class_index, v);
    course.weight.push_back(mean_or_nan(cells.weights[group][cell].moments));
    course.share.push_back(cells.weights[group][cell].share());
    course.truth.push_back(cells.truth.empty() ? none : mean_or_nan(cells.truth[cell]));
  }
  return course;
}

/// What is measured beside what is true, one below the other, as a chart of two lines wants it.
void add_truth_chart(const ShiftCells& cells, const std::vector<ConceptGroup>& groups, const std::string& across, ResultDocument& document) {
  const bool numbers = are_numbers(cells.values);
  ResultTable table{"shares", "Share of rows with the concepts, and true share", "All classes together.",
                    {{"group", "concepts"}, {"quantity", "quantity"}, value_column(across, cells.values), {"share", "share", ColumnKind::number}}, {}};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Course course = course_of(cells, g, cells.classes.size() - 1);
    for (const auto& [name, shares] : {std::pair{"with the concepts", &course.share}, std::pair{"true", &course.truth}}) {
      for (std::size_t v = 0; v < cells.values.size(); ++v) table.add({groups[g].name, name, value_cell(cells.values[v], numbers), (*shares)[v]});
    }
  }
  document.tables.push_back(std::move(table));
  ResultChart chart = make_chart("shares", "Concepts and truth across " + across, "Share of rows that have the concepts, and true share, by " + across + "; a chart a group of concepts.",
                                 ChartKind::lines, "value", "share");
  chart.series = "quantity";
  chart.facet = "group";
  document.charts.push_back(std::move(chart));
}

}  // namespace

void check_shift_size(const std::string& across, std::int64_t values, const std::string& by, std::int64_t classes) {
  if (values > most_values) {
    throw ArgumentError(fmt::format("--across: got '{}' with {} values; expected at most {}, each two of which are compared", across, values, most_values));
  }
  constexpr std::int64_t most = CodeStatistics::most_groups;
  if (classes * values <= most) return;
  throw ArgumentError(fmt::format("--by: got '{}' with {} values, and {} of --across; expected at most {} pairs of them", by, classes, values, most));
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  Moments of_x;
  Moments of_y;
  std::vector<std::pair<double, double>> pairs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    pairs.emplace_back(x[i], y[i]);
    of_x.add(x[i]);
    of_y.add(y[i]);
  }
  double product = 0;
  for (const auto& [a, b] : pairs) product += (a - of_x.mean) * (b - of_y.mean);
  return of_x.squares > 0 && of_y.squares > 0 ? product / std::sqrt(of_x.squares * of_y.squares) : none;
}

std::string add_cosines(const ShiftCells& cells, const std::string& across, ResultDocument& document) {
  const std::size_t values = cells.values.size();
  const std::size_t pairs = values * (values - 1) / 2;
  const std::size_t first = pairs * cells.classes.size() > most_pairs ? cells.classes.size() - 1 : 0;
  ResultTable table{"cosines", "Cosines of mean codes across " + across,
                    fmt::format("Cosine of the mean codes of each two values of {}, within each class; the lower, the larger the shift.{}", across,
                                first > 0 ? " There are too many pairs to list those of each class." : ""),
                    {{"class", "class"}, {"first", across + " (first)"}, {"second", across + " (second)"}, {"cosine", "cosine", ColumnKind::number},
                     {"rows_first", "rows (first)", ColumnKind::integer}, {"rows_second", "rows (second)", ColumnKind::integer}},
                    {}};
  double least = 2;
  std::string where;
  for (std::size_t c = first; c < cells.classes.size(); ++c) {
    for (std::size_t v = 0; v < values; ++v) {
      signals::throw_if_stop_requested();
      for (std::size_t w = v + 1; w < values; ++w) {
        const GroupStatistics& one = cells.codes[cells.cell(c, v)];
        const GroupStatistics& other = cells.codes[cells.cell(c, w)];
        const double cosine = cosine_of_means(one, other);
        table.add({cells.classes[c], cells.values[v], cells.values[w], cosine, one.rows(), other.rows()});
        if (!(cosine < least)) continue;
        least = cosine;
        where = fmt::format("{}: {} and {}", cells.classes[c], cells.values[v], cells.values[w]);
      }
    }
  }
  document.tables.push_back(std::move(table));
  ResultChart chart = make_chart("cosines", "Cosines of mean codes across " + across, "Colour: cosine of the mean codes of two values of " + across + "; a chart a class.",
                                 ChartKind::heat_map, "first", "second");
  chart.color = "cosine";
  chart.facet = "class";
  document.charts.push_back(std::move(chart));
  return where.empty() ? "" : fmt::format(" Largest shift: {} (cosine {:.3f}).", where, least);
}

std::string add_course(const ShiftCells& cells, const std::vector<ConceptGroup>& groups, const std::string& across, ResultDocument& document) {
  const bool numbers = are_numbers(cells.values);
  ResultTable course{"course", "Concepts across " + across,
                     "Sum of the weights of the group's concepts: mean over rows with its standard error, the share of rows that have any, and the true share of the "
                     "records.",
                     {{"group", "concepts"}, {"class", "class"}, value_column(across, cells.values), {"rows", "rows", ColumnKind::integer},
                      {"weight", "mean weight", ColumnKind::number, 4}, {"error", "+-", ColumnKind::number, 4}, {"share", "share", ColumnKind::number},
                      {"truth", "true share", ColumnKind::number}},
                     {}};
  ResultTable agreement{"agreement", "Correlation with the true share", "Pearson's correlation over the values of " + across + ".",
                        {{"group", "concepts"}, {"class", "class"}, {"values", "values", ColumnKind::integer}, {"weight", "of the mean weight", ColumnKind::number},
                         {"share", "of the share", ColumnKind::number}},
                        {}};
  std::string told;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t c = 0; c < cells.classes.size(); ++c) {
      const Course one = course_of(cells, g, c);
      for (std::size_t v = 0; v < cells.values.size(); ++v) {
        const Moments& moments = cells.weights[g][cells.cell(c, v)].moments;
        course.add({groups[g].name, cells.classes[c], value_cell(cells.values[v], numbers), moments.count, one.weight[v], moments.standard_error(),
                    one.share[v], one.truth[v]});
      }
      if (cells.truth.empty()) continue;
      const auto both = std::count_if(one.truth.begin(), one.truth.end(), [](double truth) { return std::isfinite(truth); });
      const double of_weight = correlation(one.weight, one.truth);
      agreement.add({groups[g].name, cells.classes[c], static_cast<std::int64_t>(both), of_weight, correlation(one.share, one.truth)});
      if (c + 1 == cells.classes.size() && std::isfinite(of_weight)) {
        told += fmt::format(" The weight of {} and the true share correlate by {:.2f} over {} values.", groups[g].name, of_weight, both);
      }
    }
  }
  document.tables.push_back(std::move(course));
  ResultChart chart = make_chart("course", "Concepts across " + across, "Mean weight by " + across + ", a line a class, with its standard error; a chart a group of concepts.",
                                 ChartKind::lines, "value", "weight");
  chart.series = "class";
  chart.facet = "group";
  chart.error = "error";
  document.charts.push_back(std::move(chart));
  if (cells.truth.empty()) return told;
  document.tables.push_back(std::move(agreement));
  add_truth_chart(cells, groups, across, document);
  return told;
}

}  // namespace splice_cuda::cli
