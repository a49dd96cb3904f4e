#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/code_inputs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/explain_verbs.hpp"
#include "cli/experiments/group_arguments.hpp"
#include "cli/experiments/spurious_table.hpp"
#include "cli/experiments/statistics_tables.hpp"
#include "cli/numbers_text.hpp"
#include "core/available_memory.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/group_weights.hpp"

namespace splice_cuda::cli {
namespace {

struct ScanArguments {
  CodeArguments code;
  std::string by;
  GroupArguments groups;
  std::int64_t bins = 20;
  bool spurious = false;
  std::int64_t top = 20;
};

/// Weight of each group of concepts in each class.
class Scan {
 public:
  Scan(const std::vector<ConceptGroup>& groups, std::int64_t concepts, std::int64_t classes)
      : weights_(groups, concepts), sums_(groups.size()), cells_(groups.size(), std::vector<WeightDistribution>(static_cast<std::size_t>(classes))) {}

  void add(const CodeBlock& block, const RowGroups& classes) {
    for (std::int64_t row = 0; row < block.codes.rows; ++row) {
      const std::int32_t own = classes.of_row[static_cast<std::size_t>(block.records[static_cast<std::size_t>(row)])];
      if (own < 0 || !has_embedding(block, row)) continue;
      weights_.sum(block.codes.row_atoms(row), block.codes.row_values(row), sums_);
      for (std::size_t g = 0; g < sums_.size(); ++g) cells_[g][static_cast<std::size_t>(own)].add(sums_[g]);
    }
  }
  /// Of one group of concepts, by class.
  const std::vector<WeightDistribution>& group(std::size_t index) const { return cells_[index]; }

 private:
  GroupWeights weights_;
  std::vector<double> sums_;
  std::vector<std::vector<WeightDistribution>> cells_;
};

void add_weights(const ScanArguments& a, const Scan& scan, const std::vector<ConceptGroup>& groups, const RowGroups& classes, ResultDocument& document) {
  ResultTable weights{"weights", "Weight of each group of concepts by " + a.by,
                      "Sum of the weights of the group's concepts in a row: mean over the class's rows with its standard error, and the share of rows that have any.",
                      {{"group", "concepts"}, {"class", a.by}, {"rows", "rows", ColumnKind::integer}, {"weight", "mean weight", ColumnKind::number, 4},
                       {"error", "+-", ColumnKind::number, 4}, {"share", "share", ColumnKind::number}},
                      {}};
  ResultTable bins{"histogram", "Rows by the weight of each group of concepts", "Rows without any of the concepts are in the first bin.",
                   {{"group", "concepts"}, {"class", a.by}, {"from", "weight from", ColumnKind::number, 4}, {"to", "to", ColumnKind::number, 4},
                    {"rows", "rows", ColumnKind::integer}},
                   {}};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    double largest = 0;
    for (const WeightDistribution& cell : scan.group(g)) largest = std::max(largest, cell.histogram.largest());
    for (std::size_t c = 0; c < classes.names.size(); ++c) {
      const WeightDistribution& cell = scan.group(g)[c];
      weights.add({groups[g].name, classes.names[c], cell.summary.moments.count, mean_or_nan(cell.summary.moments),
                   cell.summary.moments.standard_error(), cell.summary.share()});
      const GrowingHistogram::Bins coarse = cell.histogram.coarse(a.bins, largest);
      for (std::size_t i = 0; i < coarse.counts.size(); ++i) {
        bins.add({groups[g].name, classes.names[c], static_cast<double>(i) * coarse.width, static_cast<double>(i + 1) * coarse.width, coarse.counts[i]});
      }
    }
  }
  document.tables.push_back(std::move(weights));
  document.tables.push_back(std::move(bins));
  ResultChart chart = make_chart("histogram", "Weight of the concepts by " + a.by,
                                 "Histograms of the summed weight, a chart a group of concepts and a colour a class; rows on a logarithmic axis.",
                                 ChartKind::histogram, "from", "rows");
  chart.x_end = "to";
  chart.series = "class";
  chart.facet = "group";
  chart.y_log = true;
  document.charts.push_back(std::move(chart));
}

/// The class where each group of concepts weighs most.
std::string heaviest(const Scan& scan, const std::vector<ConceptGroup>& groups, const RowGroups& classes) {
  std::string text;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::vector<WeightDistribution>& cells = scan.group(g);
    const auto most = std::max_element(cells.begin(), cells.end(), [](const WeightDistribution& x, const WeightDistribution& y) {
      return x.summary.moments.mean < y.summary.moments.mean;
    });
    if (most == cells.end() || most->summary.moments.mean <= 0) continue;
    text += fmt::format(" {} weighs most in {} ({:.4f}, in {} of its rows).", groups[g].name, classes.names[static_cast<std::size_t>(most - cells.begin())],
                        most->summary.moments.mean, percent(most->summary.positive, most->summary.moments.count));
  }
  return text;
}

/// Every group of concepts has a cell in every class, and the result a row for each of its bins, occupied or not.
void check_memory(const ScanArguments& a, std::size_t groups, std::int64_t classes) {
  constexpr std::size_t bytes_a_bin = 200;
  const std::size_t cells = groups * static_cast<std::size_t>(classes);
  require_memory(cells * (sizeof(WeightDistribution) + static_cast<std::size_t>(a.bins) * bytes_a_bin), available_memory(),
                 "histograms of each --group in each class (fewer --bins need less)");
}

ExitCode scan_codes(const ScanArguments& a) {
  if (a.groups.groups.empty() && !a.spurious) {
    throw ArgumentError("--group: got none, and no --spurious; expected groups of concepts, or a ranking of all concepts");
  }
  CodeInputs inputs(a.code);
  const RowGroups classes = inputs.groups("--by", a.by);
  check_group_count("--by", a.by, classes.size());
  const std::vector<ConceptGroup> groups = find_groups(inputs.space(), a.groups, inputs.quiet());
  check_memory(a, groups.size(), classes.size());
  Scan scan(groups, inputs.space().size(), classes.size());
  CodeStatistics statistics(classes.size());
  inputs.walk([&](const CodeBlock& block) {
    scan.add(block, classes);
    statistics.add(groups_of(block, classes), block.codes, block.reports, block.cosine);
  });
  ResultDocument document{"scan", "Concepts by " + a.by, rows_text(statistics, statistics.together()) + "." + heaviest(scan, groups, classes), inputs.settings(), {}, {}};
  document.settings["by"] = a.by;
  if (!groups.empty()) {
    add_weights(a, scan, groups, classes, document);
    document.tables.push_back(members_table(inputs.space(), groups));
  }
  if (a.spurious) document.summary += add_spurious(statistics, classes, inputs.space(), a.groups.synonyms, a.top, document);
  document.tables.push_back(groups_table(statistics, classes));
  add_sentence(document.summary, inputs.empty_codes());
  return deliver(document, a.code.experiment, std::max<std::int64_t>(50, a.top));
}

}  // namespace

void add_scan(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("scan", "How groups of concepts are distributed over classes, and which concepts look like spurious correlations");
  const auto a = std::make_shared<ScanArguments>();
  add_code_options(*verb, a->code);
  verb->add_option("--by", a->by, "Column of the records whose values are the classes")->type_name("COLUMN")->required();
  add_group_options(*verb, a->groups);
  add_whole_number(*verb, "--bins", a->bins, 1, 1024, "Bins of the histograms");
  verb->add_flag("--spurious", a->spurious, "Rank concepts that go with a class without being akin to its name");
  add_whole_number(*verb, "--top", a->top, 1, 1000000, "Pairs of --spurious shown");
  verb->footer("Example:\n  splice scan -d dict.safetensors -e images.npy --records labels.csv --by label --group swim=swimwear,trunks --spurious");
  verb->callback([a, &chosen] { chosen = [a] { return scan_codes(*a); }; });
}

}  // namespace splice_cuda::cli
