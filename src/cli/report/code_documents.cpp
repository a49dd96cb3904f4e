#include "cli/report/code_documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/health_text.hpp"
#include "cli/numbers_text.hpp"
#include "cli/summary.hpp"
#include "experiments/row_direction.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t most_bins = 40;
constexpr std::size_t most_dominant = 200;
constexpr std::size_t most_dead = 1000;

std::vector<std::int64_t> rows_of_concepts(const io::CodesFile& file) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(file.codes.cols), 0);
  for (std::int64_t row = 0; row < file.codes.rows; ++row) {
    for (const std::int32_t atom : file.codes.row_atoms(row)) ++rows[static_cast<std::size_t>(atom)];
  }
  return rows;
}

bool has_embedding(const io::CodesFile& file, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  return at >= file.reports.size() || has_direction(file.reports[at].status);
}

/// A table of equal bins and its chart. @param whole  bins hold whole numbers and lie around them
void add_histogram(ResultDocument& document, const std::string& key, const std::string& title, const std::string& unit, const std::string& description,
                   const std::vector<double>& values, bool whole, bool y_log) {
  ResultTable table{key, title, "A row is a bin; the last bin holds its upper edge.", {{"from", unit, ColumnKind::number, whole ? 1 : 3},
      {"to", "To below", ColumnKind::number, whole ? 1 : 3}, {"count", "Count", ColumnKind::integer}}, {}};
  if (!values.empty()) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    double first = *low;
    // Rice's rule.
    std::int64_t bins = std::clamp<std::int64_t>(static_cast<std::int64_t>(2 * std::cbrt(static_cast<double>(values.size()))), 5, most_bins);
    double width = (*high - *low) / static_cast<double>(bins);
    if (whole) {
      width = std::max(1.0, std::ceil((*high - *low + 1) / static_cast<double>(most_bins)));
      first = *low - 0.5;
      bins = static_cast<std::int64_t>((*high - *low) / width) + 1;
    } else if (!(width > 0)) {
      width = std::max(1e-3, 1e-3 * std::abs(first));
      first -= width / 2;
      bins = 1;
    }
    std::vector<std::int64_t> counts(static_cast<std::size_t>(bins), 0);
    for (const double value : values) {
      const auto bin = std::clamp<std::int64_t>(static_cast<std::int64_t>((value - first) / width), 0, bins - 1);
      ++counts[static_cast<std::size_t>(bin)];
    }
    for (std::int64_t bin = 0; bin < bins; ++bin) {
      table.add({first + width * static_cast<double>(bin), first + width * static_cast<double>(bin + 1), counts[static_cast<std::size_t>(bin)]});
    }
  }
  document.tables.push_back(std::move(table));
  ResultChart chart = make_chart(key, title, description, ChartKind::histogram, "from", "count");
  chart.x_end = "to";
  chart.y_log = y_log;
  document.charts.push_back(std::move(chart));
}

void add_row_histograms(ResultDocument& document, const io::CodesFile& file) {
  std::vector<double> l0, cosine, gap;
  for (std::int64_t row = 0; row < file.codes.rows; ++row) {
    if (!has_embedding(file, row)) continue;
    const auto at = static_cast<std::size_t>(row);
    l0.push_back(static_cast<double>(file.codes.l0(row)));
    if (at < file.cosine.size()) cosine.push_back(static_cast<double>(file.cosine[at]));
    if (at < file.reports.size() && file.reports[at].gap > 0) gap.push_back(std::log10(file.reports[at].gap));
  }
  add_histogram(document, "l0", "Concepts a row", "l0 from", "How many rows have how many concepts with a weight.", l0, true, false);
  if (!cosine.empty()) {
    add_histogram(document, "cosine", "Cosine of embedding and recomposition", "Cosine from", "How well the concepts of a row sum up to its embedding: 1 is exact.", cosine, false, false);
  }
  if (!gap.empty()) {
    add_histogram(document, "gap", "Duality gap", "log10 of gap, from", "Bounds of the rows' distance to the optimum, by order of magnitude; gaps of exactly 0 are left out.",
                  gap, false, false);
  }
}

void add_dominant(ResultDocument& document, const ConceptSpace& space, const std::vector<std::int64_t>& rows, std::int64_t all) {
  std::vector<std::int32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return rows[static_cast<std::size_t>(a)] > rows[static_cast<std::size_t>(b)]; });
  ResultTable table{"dominant", "Concepts of most rows", "The concepts that most rows have, and the share of rows that do. What most rows have tells them apart little.",
                    {{"concept", "Concept"}, {"rows", "Rows", ColumnKind::integer}, {"share", "Share of rows", ColumnKind::number, 4}}, {}};
  for (std::size_t i = 0; i < std::min(order.size(), most_dominant) && rows[static_cast<std::size_t>(order[i])] > 0; ++i) {
    const std::int64_t count = rows[static_cast<std::size_t>(order[i])];
    table.add({space.name(order[i]), count, static_cast<double>(count) / static_cast<double>(all)});
  }
  document.tables.push_back(std::move(table));
  document.charts.push_back(make_chart("dominant", "Concepts of most rows", "Share of rows that have each concept, largest first.", ChartKind::bars,
                                       "concept", "share"));
}

void add_dead(ResultDocument& document, const ConceptSpace& space, const std::vector<std::int64_t>& rows, std::int64_t dead) {
  ResultTable table{"dead", "Concepts of no row",
                    fmt::format("{} of {} have a weight in no row{}.", grouped(dead), counted(space.size(), "concept"),
                    dead > static_cast<std::int64_t>(most_dead) ? fmt::format("; the first {} are listed", grouped(most_dead)) : ""), {{"concept", "Concept"}}, {}};
  for (std::int64_t atom = 0; atom < space.size() && table.rows.size() < most_dead; ++atom) {
    if (rows[static_cast<std::size_t>(atom)] == 0) table.add({space.name(atom)});
  }
  document.tables.push_back(std::move(table));
}

}  // namespace

ConceptShares concept_shares(const ConceptSpace& space, const io::CodesFile& file) {
  ConceptShares shares;
  const std::vector<std::int64_t> rows = rows_of_concepts(file);
  const double all = std::max<double>(1, static_cast<double>(file.codes.rows));
  for (std::size_t atom = 0; atom < rows.size(); ++atom) shares[space.name(static_cast<std::int64_t>(atom))] = static_cast<double>(rows[atom]) / all;
  return shares;
}

ResultDocument codes_document(const ConceptSpace& space, const io::CodesFile& file) {
  ResultDocument document;
  document.experiment = "decompose";
  document.title = "Codes of the rows";
  const Summary summary = summarize(file, 0);
  const std::vector<std::int64_t> rows = rows_of_concepts(file);
  const std::int64_t dead = std::count(rows.begin(), rows.end(), 0);
  document.summary = fmt::format("{} with {:.1f} of {} on average. {} have a weight in no row.", counted(summary.rows, "row"), summary.mean_l0,
                                 counted(space.size(), "concept"), counted(dead, "concept"));
  const std::int64_t without = summary.count(RowStatus::non_finite_input) + summary.count(RowStatus::zero_embedding);
  if (!file.reports.empty() && without > 0)
    document.summary += fmt::format(" {} had no embedding (zero, NaN or infinity) and no part in the distributions.", counted(without, "row"));
  add_row_histograms(document, file);
  add_dominant(document, space, rows, std::max<std::int64_t>(1, file.codes.rows));
  if (dead > 0) add_dead(document, space, rows, dead);
  return document;
}

ResultDocument health_document(const ConceptSpace& space, const DictionaryHealth& health, const ConceptShares* shares) {
  ResultDocument document;
  document.experiment = "dictionary info";
  document.title = "Health of the dictionary";
  document.summary = fmt::format("{} of {}: effective rank {:.1f}, largest cosine of two atoms {:.4f}. {} not of length 1, {} equal to an earlier one.",
                                 counted(space.size(), "concept"), counted(space.dim(), "number"), health.effective_rank, health.coherence,
                                 counted(health.non_unit_atoms, "atom"), counted(health.equal_atoms, "atom"));
  const Json facts = space_json(space);
  for (const auto& [key, value] : facts.items()) {
    if (key != "provenance") document.settings[key] = value;
  }
  for (const auto& [key, value] : space.provenance()) document.settings[key] = value;
  ResultTable pairs{"nearest_pairs", "Nearest pairs", "The pairs of atoms of largest cosine. Near duplicates share out the weight of one concept between them.",
                    {{"first", "Concept"}, {"second", "Nearest"}, {"cosine", "Cosine", ColumnKind::number, 4}}, {}};
  if (shares != nullptr) {
    pairs.columns.push_back({"first_share", "Rows with the first", ColumnKind::number, 4});
    pairs.columns.push_back({"second_share", "Rows with the second", ColumnKind::number, 4});
  }
  for (const AtomPair& pair : health.nearest_pairs) {
    std::vector<Json> cells = {space.name(pair.first), space.name(pair.second), static_cast<double>(pair.cosine)};
    for (const std::int32_t atom : {pair.first, pair.second}) {
      if (shares == nullptr) continue;
      const auto share = shares->find(space.name(atom));
      cells.push_back(share == shares->end() ? Json(nullptr) : Json(share->second));
    }
    pairs.add(std::move(cells));
  }
  document.tables.push_back(std::move(pairs));
  ResultTable quantiles{"nearest_cosine", "Cosine of an atom's nearest neighbour", "Over all atoms.",
                        {{"quantile", "Of the atoms"}, {"cosine", "Cosine", ColumnKind::number, 4}}, {}};
  const std::array names = {"minimum", "lower quartile", "median", "upper quartile", "maximum"};
  for (std::size_t i = 0; i < names.size(); ++i) quantiles.add({names[i], static_cast<double>(health.nearest_cosine_quantiles[i])});
  document.tables.push_back(std::move(quantiles));
  document.charts.push_back(make_chart("nearest_cosine", "Cosine of an atom's nearest neighbour",
                                       "Minimum, quartiles and maximum over all atoms: towards 1 there are near duplicates.", ChartKind::bars,
                                       "quantile", "cosine"));
  return document;
}

}  // namespace splice_cuda::cli
