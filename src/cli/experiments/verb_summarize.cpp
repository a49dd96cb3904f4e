#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <unordered_map>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/code_inputs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/explain_verbs.hpp"
#include "cli/experiments/statistics_tables.hpp"
#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/group_differences.hpp"

namespace splice_cuda::cli {
namespace {

constexpr double significant = 0.05;

struct SummarizeArguments {
  CodeArguments code;
  std::string by;
  std::int64_t top = 10;
  std::vector<std::string> compare;  ///< two groups, or none
  std::int64_t permutations = 1000;
  std::int64_t seed = 0;
};

/// The two groups that --compare names, and the test of their difference.
struct Comparison {
  std::int32_t a = 0;
  std::int32_t b = 0;
  std::unique_ptr<PermutationTest> test;
};

std::optional<Comparison> find_comparison(const SummarizeArguments& a, const RowGroups& groups) {
  if (a.compare.empty()) return std::nullopt;
  if (a.by.empty()) throw ArgumentError("--compare: got two groups, and no --by; expected the column whose groups they are");
  Comparison found;
  try {
    found.a = groups.at(a.compare[0]);
    found.b = groups.at(a.compare[1]);
  } catch (const ArgumentError& error) {
    throw ArgumentError(std::string("--compare: ") + error.what());
  }
  if (found.a == found.b) throw ArgumentError(fmt::format("--compare: got '{}' twice; expected two groups", printable(a.compare[0])));
  if (a.permutations > 0) {
    found.test = std::make_unique<PermutationTest>(groups.of_row, found.a, found.b, a.permutations, static_cast<std::uint64_t>(a.seed),
                                                   signals::stop_requested);
  }
  return found;
}

void add_to_test(PermutationTest& test, const CodeBlock& block) {
  for (std::int64_t row = 0; row < block.codes.rows; ++row) {
    if (has_embedding(block, row)) test.add(block.records[static_cast<std::size_t>(row)], block.codes.row_atoms(row), block.codes.row_values(row));
  }
}

/// Table and chart of the differences. @returns a sentence about them
std::string add_differences(const SummarizeArguments& a, const Comparison& comparison, const CodeStatistics& statistics, const ConceptSpace& space,
                            ResultDocument& document) {
  const std::vector<ConceptDifference> differences = compare_groups(statistics.group(comparison.a), statistics.group(comparison.b));
  const std::string names = fmt::format("{} and {}", a.compare[0], a.compare[1]);
  if (differences.empty()) return fmt::format(" {} can't be compared: one has no row with a concept.", names);
  std::unordered_map<std::int32_t, PermutationTest::Outcome> tested;
  if (comparison.test) {
    for (const PermutationTest::Outcome& one : comparison.test->outcomes()) tested.emplace(one.atom, one);
  }
  ResultTable table{"differences", fmt::format("Concepts by which {} differ", names),
                    fmt::format("Mean weight in {} less that in {}, with Welch's standard error; the {} largest, and all whose corrected p is at most {}. p: share of "
                                "{} permutations of the labels with as large a difference (in units of the concept's own spread); corrected: with one as large in "
                                "any concept (Westfall and Young's maximum), which holds for all concepts together.",
                                a.compare[0], a.compare[1], a.top, significant, a.permutations),
                    {{"concept", "concept"}, {"a", a.compare[0], ColumnKind::number, 4}, {"b", a.compare[1], ColumnKind::number, 4},
                     {"difference", "difference", ColumnKind::number, 4}, {"error", "+-", ColumnKind::number, 4},
                     {"share_a", "share " + a.compare[0], ColumnKind::number}, {"share_b", "share " + a.compare[1], ColumnKind::number},
                     {"p", "p", ColumnKind::number, 4}, {"p_corrected", "p corrected", ColumnKind::number, 4}},
                    {}};
  std::int64_t found = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const ConceptDifference& one = differences[i];
    const auto outcome = tested.find(one.atom);
    const double p = outcome == tested.end() ? std::nan("") : outcome->second.p;
    const double corrected = outcome == tested.end() ? std::nan("") : outcome->second.p_corrected;
    if (corrected <= significant) ++found;
    if (static_cast<std::int64_t>(i) >= a.top && !(corrected <= significant)) continue;
    table.add({space.name(one.atom), one.a.mean, one.b.mean, one.difference, one.standard_error, one.a.share, one.b.share, p, corrected});
  }
  document.tables.push_back(std::move(table));
  ResultChart chart = make_chart("differences", fmt::format("{} less {}", a.compare[0], a.compare[1]),
                                 fmt::format("Difference of mean weights, a bar a concept: to the right more in {}, to the left more in {}.", a.compare[0], a.compare[1]),
                                 ChartKind::bars, "concept", "difference");
  chart.error = "error";
  document.charts.push_back(std::move(chart));
  if (!comparison.test) return fmt::format(" {} differ most in {}.", names, space.name(differences.front().atom));
  return fmt::format(" {} differ in {} beyond chance (corrected p at most {}, {} permutations), most in {}.", names, counted(found, "concept"),
                     significant, grouped(a.permutations), space.name(differences.front().atom));
}

std::string summary_of(const CodeStatistics& statistics, const GroupStatistics& together) {
  std::string text = rows_text(statistics, together);
  if (together.rows() > 0) text += fmt::format("; {:.1f} concepts a row", together.l0().mean);
  if (together.cosine().count > 0) text += fmt::format(", cosine {:.3f}", together.cosine().mean);
  return text + ".";
}

ExitCode summarize_codes(const SummarizeArguments& a) {
  CodeInputs inputs(a.code);
  const RowGroups groups = inputs.groups_or_all("--by", a.by);
  check_group_count("--by", a.by, groups.size());
  const std::optional<Comparison> comparison = find_comparison(a, groups);
  CodeStatistics statistics(groups.size());
  inputs.walk([&](const CodeBlock& block) {
    statistics.add(groups_of(block, groups), block.codes, block.reports, block.cosine);
    if (comparison && comparison->test) add_to_test(*comparison->test, block);
  });
  const GroupStatistics together = statistics.together();
  ResultDocument document{"summarize", a.by.empty() ? "Concepts of all rows" : "Concepts by " + a.by, summary_of(statistics, together), inputs.settings(), {}, {}};
  if (!a.by.empty()) document.settings["by"] = a.by;
  document.tables = {groups_table(statistics, groups), largest_concepts_table(statistics, groups, inputs.space(), a.top)};
  ResultChart chart = make_chart("concepts", "Concepts of each group", "Mean weight of the largest concepts, a bar a concept, with its standard error; a chart a group.",
                                 ChartKind::bars, "concept", "weight");
  chart.facet = "group";
  chart.error = "error";
  document.charts.push_back(std::move(chart));
  if (comparison) {
    document.settings["permutations"] = a.permutations;
    document.settings["seed"] = a.seed;
    document.summary += add_differences(a, *comparison, statistics, inputs.space(), document);
  }
  add_histograms(statistics, together, groups, document);
  add_sentence(document.summary, inputs.empty_codes());
  return deliver(document, a.code.experiment, std::max<std::int64_t>(50, a.top));
}

}  // namespace

void add_summarize(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("summarize", "Mean code of each class, split or data set, and by what two of them differ");
  const auto a = std::make_shared<SummarizeArguments>();
  add_code_options(*verb, a->code);
  verb->add_option("--by", a->by, "Column of the records whose values are the groups; default: all rows are one")->type_name("COLUMN");
  add_whole_number(*verb, "--top", a->top, 1, 1000000, "Most concepts of a group");
  verb->add_option("--compare", a->compare, "Two groups: the concepts by which they differ, with a permutation test")->type_name("GROUP")->expected(2);
  add_whole_number(*verb, "--permutations", a->permutations, 0, 10000000, "Permutations of the test; 0 = no test");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffffffffffff, "Seed of the permutations");
  verb->footer("Example:\n  splice summarize -d dict.safetensors -e images.npy --records labels.csv --by label --compare cat dog");
  verb->callback([a, &chosen] { chosen = [a] { return summarize_codes(*a); }; });
}

}  // namespace splice_cuda::cli
