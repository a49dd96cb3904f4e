#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/code_inputs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/explain_verbs.hpp"
#include "cli/experiments/group_arguments.hpp"
#include "cli/experiments/shift_tables.hpp"
#include "cli/experiments/statistics_tables.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct ShiftArguments {
  CodeArguments code;
  std::string by;
  std::string across;
  std::vector<std::string> concepts;
  GroupArguments groups;
  std::string truth;
};

/// A column of numbers; NaN where a record has none.
std::vector<double> read_truth(const RecordTable& records, const std::string& column) {
  std::vector<double> truth;
  try {
    for (const std::string& text : records.column(column)) {
      double number = std::nan("");
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (!text.empty() && (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))) {
        throw ArgumentError(fmt::format("column '{}': got '{}' in record {}; expected a number, such as 0 or 1", column, printable(text), truth.size() + 1));
      }
      truth.push_back(text.empty() ? std::nan("") : number);
    }
  } catch (const ArgumentError& error) {
    throw ArgumentError(std::string("--truth: ") + error.what());
  }
  return truth;
}

/// Those of --concept, each a group of its own name, then those of --group.
std::vector<ConceptGroup> find_concepts(const ShiftArguments& a, const ConceptSpace& space, bool quiet) {
  std::vector<ConceptGroup> groups;
  for (const std::string& name : a.concepts) {
    try {
      groups.push_back(make_concept_group(space, name, {name}, group_options(a.groups)));
    } catch (const ArgumentError& error) {
      throw ArgumentError(std::string("--concept: ") + error.what());
    }
  }
  for (ConceptGroup& group : find_groups(space, a.groups, quiet)) groups.push_back(std::move(group));
  return groups;
}

/// Gathers what a walk finds in every cell of class and value.
class ShiftWalk {
 public:
  ShiftWalk(const RowGroups& classes, const RowGroups& values, const std::vector<ConceptGroup>& groups, std::int64_t concepts,
            std::vector<double> truth)
      : statistics_(static_cast<std::int64_t>(classes.size()) * values.size()), weights_(groups, concepts), sums_(groups.size()), truth_(std::move(truth)) {
    cells_.classes = classes.names;
    cells_.values = values.names;
    const std::size_t count = classes.names.size() * values.names.size();
    cells_.weights.assign(groups.size(), std::vector<WeightSummary>(count));
    if (!truth_.empty()) cells_.truth.resize(count);
    for (std::size_t i = 0; i < values.of_row.size(); ++i) {
      const std::int32_t own = classes.of_row.empty() ? 0 : classes.of_row[i];
      const bool known = own >= 0 && values.of_row[i] >= 0;
      of_row_.push_back(known ? static_cast<std::int32_t>(own * values.size() + values.of_row[i]) : -1);
    }
  }

  void add(const CodeBlock& block) {
    std::vector<std::int32_t> own;
    for (const std::int64_t record : block.records) own.push_back(of_row_[static_cast<std::size_t>(record)]);
    statistics_.add(own, block.codes, block.reports, block.cosine);
    for (std::int64_t row = 0; row < block.codes.rows; ++row) {
      const std::int32_t cell = own[static_cast<std::size_t>(row)];
      if (cell < 0 || !has_embedding(block, row)) continue;
      weights_.sum(block.codes.row_atoms(row), block.codes.row_values(row), sums_);
      for (std::size_t g = 0; g < sums_.size(); ++g) cells_.weights[g][static_cast<std::size_t>(cell)].add(sums_[g]);
      if (truth_.empty()) continue;
      const double truth = truth_[static_cast<std::size_t>(block.records[static_cast<std::size_t>(row)])];
      if (std::isfinite(truth)) cells_.truth[static_cast<std::size_t>(cell)].add(truth);
    }
  }

  const CodeStatistics& statistics() const { return statistics_; }

  /// With all classes together as the last one, where there are several.
  ShiftCells cells() const {
    ShiftCells cells = cells_;
    for (std::int64_t i = 0; i < statistics_.size(); ++i) cells.codes.push_back(statistics_.group(i));
    const std::size_t classes = cells.classes.size();
    if (classes == 1) return cells;
    std::string together = "all";
    while (std::find(cells_.classes.begin(), cells_.classes.end(), together) != cells_.classes.end()) together = "(" + together + ")";
    cells.classes.push_back(std::move(together));
    for (std::size_t v = 0; v < cells.values.size(); ++v) {
      cells.codes.emplace_back();
      for (auto& of_group : cells.weights) of_group.emplace_back();
      if (!cells.truth.empty()) cells.truth.emplace_back();
      for (std::size_t c = 0; c < classes; ++c) {
        cells.codes.back().merge(cells.codes[cells.cell(c, v)]);
        for (auto& of_group : cells.weights) of_group.back().merge(of_group[cells.cell(c, v)]);
        if (!cells.truth.empty()) cells.truth.back().merge(cells.truth[cells.cell(c, v)]);
      }
    }
    return cells;
  }

 private:
  CodeStatistics statistics_;
  GroupWeights weights_;
  std::vector<double> sums_;
  std::vector<double> truth_;
  std::vector<std::int32_t> of_row_;
  ShiftCells cells_;
};

ExitCode show_shift(const ShiftArguments& a) {
  if (!a.truth.empty() && a.concepts.empty() && a.groups.groups.empty()) {
    throw ArgumentError(fmt::format("--truth: got '{}' without --concept and --group; expected the concepts that it is the truth of", a.truth));
  }
  CodeInputs inputs(a.code);
  const RowGroups classes = inputs.groups_or_all("--by", a.by);
  const RowGroups values = inputs.groups("--across", a.across);
  check_shift_size(a.across, values.size(), a.by, classes.size());
  const std::vector<ConceptGroup> groups = find_concepts(a, inputs.space(), inputs.quiet());
  ShiftWalk walk(classes, values, groups, inputs.space().size(), a.truth.empty() ? std::vector<double>() : read_truth(inputs.records(), a.truth));
  inputs.walk([&](const CodeBlock& block) { walk.add(block); });
  const ShiftCells cells = walk.cells();
  ResultDocument document{"shift", "Codes across " + a.across, rows_text(walk.statistics(), walk.statistics().together()) + ".", inputs.settings(), {}, {}};
  if (!a.by.empty()) document.settings["by"] = a.by;
  document.settings["across"] = a.across;
  if (!groups.empty()) document.summary += add_course(cells, groups, a.across, document);
  document.summary += add_cosines(cells, a.across, document);
  if (!groups.empty()) document.tables.push_back(members_table(inputs.space(), groups));
  add_sentence(document.summary, inputs.empty_codes());
  return deliver(document, a.code.experiment, 50);
}

}  // namespace

void add_shift(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("shift", "How codes change across splits, years or places, and one concept beside its true share");
  const auto a = std::make_shared<ShiftArguments>();
  add_code_options(*verb, a->code);
  verb->add_option("--by", a->by, "Column of the records whose values are the classes; default: all rows are one class")->type_name("COLUMN");
  verb->add_option("--across", a->across, "Column whose values are compared: split, year, place")->type_name("COLUMN")->required();
  verb->add_option("--concept", a->concepts, "A concept to follow (repeatable)")->type_name("NAME")->allow_extra_args(false);
  add_group_options(*verb, a->groups);
  verb->add_option("--truth", a->truth, "Column of 0 and 1, or other numbers, that says where the concepts are true")->type_name("COLUMN");
  verb->footer("Example:\n  splice shift -d dict.safetensors -e cars.npy --records cars.csv --by make --across year --concept convertible --truth open");
  verb->callback([a, &chosen] { chosen = [a] { return show_shift(*a); }; });
}

}  // namespace splice_cuda::cli
