#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/answers.hpp"
#include "cli/experiments/class_prompts.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/walked_rows.hpp"
#include "cli/numbers_text.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct ZeroShotArguments {
  ExperimentArguments common;
  ClassPromptArguments prompts;
  std::string label = "label";
  std::vector<std::string> conditions = {"dense", "recomposed"};
};

/// Dense embeddings, recomposed ones, and C'w without the image mean added.
const std::vector<std::string> known_conditions = {"dense", "recomposed", "without-mean"};

void check_conditions(const ZeroShotArguments& a) {
  for (const std::string& condition : a.conditions) {
    if (std::find(known_conditions.begin(), known_conditions.end(), condition) == known_conditions.end()) {
      throw ArgumentError(fmt::format("--conditions: got '{}'; expected dense, recomposed or without-mean", condition));
    }
    if (std::count(a.conditions.begin(), a.conditions.end(), condition) > 1) {
      throw ArgumentError(fmt::format("--conditions: got '{}' twice; expected each once", condition));
    }
  }
}

std::string summary_of(const AnswerBook& book, const CodeQuality& quality, const std::string& empty) {
  std::string text;
  for (const Answers& answers : book.all()) {
    text += (text.empty() ? "Accuracy " : ", ") + accuracy_text(answers.tally.accuracy()) + " " + answers.condition;
  }
  text += fmt::format(" over {} of {} classes", counted(book.all().front().tally.accuracy().count, "row"), book.tasks().front().classes.size());
  if (quality.rows() > 0) text += fmt::format("; {:.1f} concepts a row, cosine {:.3f}", quality.mean_l0(), quality.mean_cosine());
  text += ".";
  add_sentence(text, empty);
  return text;
}

ExitCode evaluate_zero_shot(const ZeroShotArguments& a) {
  check_conditions(a);
  ExperimentInputs inputs(a.common);
  inputs.check_outputs({}, class_prompt_files(a.prompts, {a.label}));
  const ClassTask task = class_task("--label", a.label, {a.label}, a.prompts, inputs);
  AnswerBook book({{a.label, task.classifier.names(), task.of_record}}, RowGroups{});
  for (const std::string& condition : a.conditions) book.page(0, "zero-shot", condition);

  Recomposer recomposed(inputs.space(), inputs.raw());
  Recomposer without_mean(inputs.space(), true);
  CodeQuality quality;
  std::int64_t unlabelled = 0;
  inputs.walk_codes([&](const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw, const DecomposeResult& result) {
    const MatrixView<const float> rows = recomposed.rows(context, result.codes);
    quality.add(raw, result.codes, rows);
    for (const std::int64_t record : records) unlabelled += task.of_record[static_cast<std::size_t>(record)] < 0 ? 1 : 0;
    const auto direction = [&](std::int64_t i) { return has_direction(row_of(raw, i)); };
    for (const std::string& condition : a.conditions) {
      book.add_zero_shot(book.page(0, "zero-shot", condition), task.classifier, records,
                         condition == "dense" ? raw : condition == "recomposed" ? rows : without_mean.rows(context, result.codes), direction);
    }
  });

  ResultDocument document{"evaluate zero-shot", "Zero-shot classification by " + a.label, "", inputs.settings(), {}, {}};
  document.settings["label"] = a.label;
  document.settings["classes"] = task.classifier.size();
  add_prompt_settings(document.settings, a.prompts);
  document.summary = summary_of(book, quality, inputs.empty_codes());
  document.tables = {accuracy_table(book, true), quality_table({{"recomposed", &quality}}), class_table(book), confusion_table(book),
                     row_count_table({{"with an embedding", quality.rows()}, {"without one (zero, NaN or infinity): left out", quality.without_direction()},
                                      {"without a label of a class: not asked", unlabelled}})};
  document.charts = {accuracy_chart(book)};
  if (confusions_fit(book)) document.charts.push_back(confusion_chart());
  return deliver(document, a.common.out, a.common.report);
}

}  // namespace

void add_evaluate_zero_shot(CLI::App& evaluate, Run& chosen) {
  CLI::App* verb = evaluate.add_subcommand("zero-shot", "Zero-shot accuracy of dense and of recomposed embeddings");
  const auto a = std::make_shared<ZeroShotArguments>();
  a->common.takes_texts = true;
  add_experiment_options(*verb, a->common);
  verb->add_option("--label", a->label, "Column of the records that holds the classes")->type_name("COLUMN")->capture_default_str();
  add_class_prompt_options(*verb, a->prompts);
  verb->add_option("--conditions", a->conditions, "What is classified, separated by commas (repeatable): dense, recomposed, without-mean (C'w alone)")
      ->type_name("LIST")->delimiter(',')->capture_default_str();
  verb->footer("Example:\n  splice evaluate zero-shot --model model --images test --l1-penalty 0.25 --out zero_shot.json");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate_zero_shot(*a); }; });
}

}  // namespace splice_cuda::cli
