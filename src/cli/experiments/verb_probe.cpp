#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/answers.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/kept_rows.hpp"
#include "cli/experiments/probe_arguments.hpp"
#include "cli/experiments/walked_rows.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct EvaluateProbeArguments {
  ExperimentArguments common;
  ProbeArguments probe;
  std::string label;
  std::vector<std::string> on = {"codes", "recomposed", "dense"};
  std::int64_t top = 10;
};

/// What each test of --on is called: what the probe learnt from.
const char* learnt_from(const std::string& on) { return on == "codes" ? "probe on codes" : "probe on dense"; }

void check_tests(const EvaluateProbeArguments& a) {
  for (const std::string& on : a.on) {
    if (on != "codes" && on != "recomposed" && on != "dense") {
      throw ArgumentError(fmt::format("--on: got '{}'; expected codes, recomposed or dense", on));
    }
    if (std::count(a.on.begin(), a.on.end(), on) > 1) throw ArgumentError(fmt::format("--on: got '{}' twice; expected each once", on));
  }
}

bool is_on(const EvaluateProbeArguments& a, const std::string& on) { return std::find(a.on.begin(), a.on.end(), on) != a.on.end(); }

/// "split": rows of each class to learn from and to test. Says on stderr what can't be learnt.
ResultTable split_table(const KeptRows& kept, const RowGroups& labels, const std::vector<RowUse>& uses, bool quiet) {
  ResultTable table{"split", "Rows by class", "A class without rows to learn from is never answered: its rows of the test count as wrong.",
                    {{"class", "class"}, {"train", "to learn from", ColumnKind::integer}, {"test", "to test", ColumnKind::integer}}, {}};
  std::vector<std::int64_t> train(static_cast<std::size_t>(labels.size()), 0);
  std::vector<std::int64_t> test(train);
  const auto class_of = [&](std::int64_t record) { return static_cast<std::size_t>(labels.of_row[static_cast<std::size_t>(record)]); };
  kept.for_each(uses, RowUse::train, [&](std::int64_t, std::int64_t record) { ++train[class_of(record)]; });
  kept.for_each(uses, RowUse::test, [&](std::int64_t, std::int64_t record) { ++test[class_of(record)]; });
  for (std::size_t c = 0; c < train.size(); ++c) {
    table.add({labels.names[c], train[c], test[c]});
    if (train[c] == 0 && test[c] > 0) {
      print_note(quiet, fmt::format("note: class '{}' has {} to test and none to learn from: they count as wrong", printable(labels.names[c]),
                                    counted(test[c], "row")));
    }
  }
  const std::int64_t rows = std::accumulate(train.begin(), train.end(), std::int64_t{0});
  if (rows < labels.size()) {
    print_note(quiet, fmt::format("note: {} to learn {} classes from: some have none", counted(rows, "row"), labels.size()));
  }
  return table;
}

/// "coefficients": the largest ones of each class by absolute value.
ResultTable coefficient_table(const LinearProbe& probe, const ConceptSpace& space, const RowGroups& labels, const std::vector<std::int64_t>& frequency,
                              std::int64_t top) {
  ResultTable table{"coefficients", "Concepts of the probe", "Coefficients of the probe on codes, by falling size; rows: those whose code has the concept.",
                    {{"class", "class"}, {"concept", "concept"}, {"coefficient", "coefficient", ColumnKind::number},
                     {"rows", "rows", ColumnKind::integer}}, {}};
  std::vector<double> sizes(static_cast<std::size_t>(probe.columns()));
  for (std::int32_t c = 0; c < probe.classes(); ++c) {
    for (std::size_t k = 0; k < sizes.size(); ++k) sizes[k] = std::abs(probe.coefficient(c, static_cast<std::int64_t>(k)));
    for (const std::int32_t atom : largest_indices(sizes, top)) {
      if (sizes[static_cast<std::size_t>(atom)] == 0) break;
      table.add({labels.names[static_cast<std::size_t>(c)], space.name(atom), probe.coefficient(c, atom), frequency[static_cast<std::size_t>(atom)]});
    }
  }
  return table;
}

struct Probes {
  std::optional<LinearProbe> on_codes;
  std::optional<LinearProbe> on_dense;
};

void test(const EvaluateProbeArguments& a, const Context& context, const ExperimentInputs& inputs, const KeptRows& kept, const std::vector<RowUse>& uses,
          const Probes& probes, AnswerBook& book) {
  const auto ask = [&](const char* on, const std::function<std::vector<double>(std::int64_t)>& scores) {
    if (!is_on(a, on)) return;
    Answers& page = book.page(0, learnt_from(on), on);
    kept.for_each(uses, RowUse::test, [&](std::int64_t row, std::int64_t record) { book.add(page, record, scores(row)); });
  };
  ask("codes", [&](std::int64_t row) { return probes.on_codes->scores(kept.codes().row_atoms(row), kept.codes().row_values(row)); });
  ask("dense", [&](std::int64_t row) {
    return probes.on_dense->scores(row_of(kept.dense(), row));
  });
  if (!is_on(a, "recomposed")) return;
  Recomposer recomposer(inputs.space(), inputs.raw());
  Answers& page = book.page(0, learnt_from("recomposed"), "recomposed");
  for_each_code_block(kept.codes(), [&](std::int64_t first, const SparseCodes& block) {
    const MatrixView<const float> rows = recomposer.rows(context, block);
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      const std::int64_t record = kept.records()[static_cast<std::size_t>(first + i)];
      if (!kept.has_direction(first + i) || uses[static_cast<std::size_t>(record)] != RowUse::test) continue;
      book.add(page, record, probes.on_dense->scores(row_of(rows, i)));
    }
  });
}

std::string summary_of(const AnswerBook& book, const CodeQuality& quality, const Probes& probes, const std::string& empty) {
  std::string text;
  for (const Answers& answers : book.all()) {
    text += fmt::format("{}{} ({}, tested on {})", text.empty() ? "Accuracy " : ", ", accuracy_text(answers.tally.accuracy()), answers.classifier,
                        answers.condition);
  }
  if (quality.rows() > 0) text += fmt::format("; {:.1f} concepts a row", quality.mean_l0());
  if (probes.on_codes) text += fmt::format(", {} in the probe", probes.on_codes->used_columns());
  text += ".";
  add_sentence(text, empty);
  return text;
}

ExitCode evaluate_probe(const EvaluateProbeArguments& a) {
  check_tests(a);
  const ProbeOptions options = probe_options(a.probe);
  ExperimentInputs inputs(a.common);
  const RowGroups labels = inputs.groups("--label", a.label);
  const std::vector<RowUse> uses = row_uses(a.probe, inputs, "--label", a.label, labels);
  AnswerBook book({{a.label, labels.names, labels.of_row}}, RowGroups{});

  KeptRows kept(inputs.space(), is_on(a, "dense") || is_on(a, "recomposed"), inputs.raw());
  Recomposer recomposer(inputs.space(), inputs.raw());
  CodeQuality quality;
  inputs.walk_codes([&](const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw, const DecomposeResult& result) {
    kept.add(records, raw, result.codes);
    quality.add(raw, result.codes, recomposer.rows(context, result.codes));
  });
  ResultTable split = split_table(kept, labels, uses, a.common.report.quiet);

  Probes probes;
  if (is_on(a, "codes")) probes.on_codes = train_probe("--label", kept, ProbeInput::codes, labels, uses, options);
  if (is_on(a, "dense") || is_on(a, "recomposed")) probes.on_dense = train_probe("--label", kept, ProbeInput::dense, labels, uses, options);
  for (const std::string& on : a.on) book.page(0, learnt_from(on), on);
  test(a, make_context(inputs.resources()), inputs, kept, uses, probes, book);

  ResultDocument document{"evaluate probe", "Linear probes of " + a.label, summary_of(book, quality, probes, inputs.empty_codes()), inputs.settings(), {}, {}};
  document.settings["label"] = a.label;
  add_probe_settings(document.settings, a.probe);
  document.tables = {accuracy_table(book, false), quality_table({{"recomposed", &quality}}), std::move(split), class_table(book), confusion_table(book),
                     row_count_table({{"with an embedding", quality.rows()}, {"without one (zero, NaN or infinity): left out", quality.without_direction()},
                                      {"without a label: no part", std::count(labels.of_row.begin(), labels.of_row.end(), -1)}})};
  document.charts = {accuracy_chart(book)};
  if (confusions_fit(book)) document.charts.push_back(confusion_chart());
  if (probes.on_codes) {
    document.tables.push_back(coefficient_table(*probes.on_codes, inputs.space(), labels, kept.frequency(), a.top));
    ResultChart chart = make_chart("coefficients", "Concepts of the probe",
                                   "The concepts that speak most for each class (bars to the right) or against it.", ChartKind::bars, "concept",
                                   "coefficient");
    chart.facet = "class";
    document.charts.push_back(std::move(chart));
  }
  return deliver(document, a.common.out, a.common.report);
}

}  // namespace

void add_evaluate_probe(CLI::App& evaluate, Run& chosen) {
  CLI::App* verb = evaluate.add_subcommand("probe", "Accuracy of linear probes on codes, recomposed and dense embeddings");
  const auto a = std::make_shared<EvaluateProbeArguments>();
  add_experiment_options(*verb, a->common);
  verb->add_option("--label", a->label, "Column of the records that holds the classes")->type_name("COLUMN")->required();
  add_probe_options(*verb, a->probe);
  verb->add_option("--on", a->on, "Tests, separated by commas (repeatable). codes: probe on codes. dense, recomposed: probe on dense embeddings, tested on these "
                                  "or on recomposed ones")
      ->type_name("LIST")->delimiter(',')->capture_default_str();
  add_whole_number(*verb, "--top", a->top, 1, 1000, "Concepts shown of each class");
  verb->footer("Example:\n  splice evaluate probe --embeddings z.npy --records z.csv --dictionary d.safetensors --label bird --split-column split");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate_probe(*a); }; });
}

}  // namespace splice_cuda::cli
