#include "cli/experiments/class_prompts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "cli/output.hpp"
#include "cli/text_layout.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* default_prompt = "a photo of a {}.";

/// The column that "COLUMN=value" is for; empty: all.
std::string column_of(const std::string& value, const std::vector<std::string>& columns) {
  const auto of_column = [&](const std::string& column) { return value.starts_with(column + "="); };
  const auto place = std::find_if(columns.begin(), columns.end(), of_column);
  return place == columns.end() ? "" : *place;
}

std::string without_column(const std::string& value, const std::string& column) {
  return column.empty() ? value : value.substr(column.size() + 1);
}

/// Values for this column; where it has none of its own, those for all.
std::vector<std::string> values_of(const std::vector<std::string>& values, const std::string& column, const std::vector<std::string>& columns) {
  std::vector<std::string> own;
  std::vector<std::string> common;
  for (const std::string& value : values) {
    const std::string whose = column_of(value, columns);
    if (whose == column) own.push_back(without_column(value, whose));
    else if (whose.empty()) common.push_back(value);
  }
  return own.empty() ? common : own;
}

/// One file, or none.
std::string file_of(const std::string& option, const std::vector<std::string>& values, const std::string& column,
                    const std::vector<std::string>& columns) {
  const std::vector<std::string> files = values_of(values, column, columns);
  if (files.size() > 1) throw ArgumentError(fmt::format("{}: got '{}' and '{}' for '{}'; expected one file a task", option, files[0], files[1], column));
  return files.empty() ? "" : files.front();
}

std::vector<std::string> class_names(const std::string& file, const std::string& option, const std::string& column, const RowGroups& labels) {
  if (file.empty()) {
    if (labels.size() < 2) {
      throw ArgumentError(fmt::format("{}: got '{}' with {}; expected at least two classes (--classes names more than the labels do)", option, column,
                                      labels.size() == 0 ? "no label" : "the label '" + labels.names.front() + "' alone"));
    }
    return labels.names;
  }
  std::vector<std::string> names = io::read_concept_list(file, "class");
  const auto empty = std::find(names.begin(), names.end(), "");
  if (empty != names.end()) throw FileError(fmt::format("{}: line {} is empty, expected a class a line", file, empty - names.begin() + 1));
  if (names.size() < 2) throw FileError(fmt::format("{}: found {} classes, expected at least two", file, names.size()));
  return names;
}

std::string filled(const std::string& prompt, const std::string& name) {
  std::string text = prompt;
  for (std::size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at + name.size())) text.replace(at, 2, name);
  return text;
}

/// The mean of the unit embeddings of all prompts about each class, as CLIP's prompt ensembles are made.
std::vector<float> prompt_embeddings(ClipEncoder& model, const std::vector<std::string>& names, const std::vector<std::string>& prompts, bool quiet) {
  const auto dim = static_cast<std::size_t>(model.dim());
  std::vector<double> sums(names.size() * dim, 0.0);
  std::vector<float> rows(sums.size());
  std::vector<std::string> texts(names.size());
  for (const std::string& prompt : prompts) {
    std::transform(names.begin(), names.end(), texts.begin(), [&](const std::string& name) { return filled(prompt, name); });
    for (const std::int64_t cut : model.embed_texts(texts, {rows.data(), static_cast<std::int64_t>(names.size()), model.dim()})) {
      print_note(quiet, fmt::format("the prompt of class '{}' is longer than the model's context: its end was cut off",
                                    printable(names[static_cast<std::size_t>(cut)])));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      double squares = 0;
      for (std::size_t k = 0; k < dim; ++k) squares += static_cast<double>(rows[i * dim + k]) * rows[i * dim + k];
      if (squares == 0) continue;  // a text that means nothing to the model
      for (std::size_t k = 0; k < dim; ++k) sums[i * dim + k] += rows[i * dim + k] / std::sqrt(squares);
    }
  }
  std::transform(sums.begin(), sums.end(), rows.begin(), [&](double sum) { return static_cast<float>(sum / static_cast<double>(prompts.size())); });
  return rows;
}

std::vector<float> stored_embeddings(const std::string& file, std::int64_t classes, std::int64_t dim) {
  const auto source = io::EmbeddingSource::open(file);
  if (source->rows() != classes || source->dim() != dim) {
    throw ArgumentError(fmt::format("--class-embeddings: got {} rows of {} numbers in '{}'; expected {} rows of {}, one for each class", source->rows(),
                                    source->dim(), file, classes, dim));
  }
  std::vector<float> rows(static_cast<std::size_t>(classes * dim));
  source->read(0, {rows.data(), classes, dim});
  return rows;
}

std::vector<float> embeddings_of(const std::string& column, const std::vector<std::string>& columns, const std::vector<std::string>& names,
                                 const ClassPromptArguments& arguments, ExperimentInputs& inputs) {
  const auto classes = static_cast<std::int64_t>(names.size());
  const std::string file = file_of("--class-embeddings", arguments.class_embeddings, column, columns);
  std::vector<std::string> prompts = values_of(arguments.prompts, column, columns);
  const auto is_own = [&](const std::string& value) { return column_of(value, columns) == column; };
  const auto takes_prompts = [&](const std::string& other) { return file_of("--class-embeddings", arguments.class_embeddings, other, columns).empty(); };
  const bool own = std::any_of(arguments.prompts.begin(), arguments.prompts.end(), is_own);
  if (!file.empty() && !prompts.empty() && (own || std::none_of(columns.begin(), columns.end(), takes_prompts))) {
    throw ArgumentError(fmt::format("--prompt: got '{}' together with --class-embeddings '{}' for '{}'; expected only one of them", prompts.front(), file,
                                    column));
  }
  if (!file.empty()) return stored_embeddings(file, classes, inputs.space().dim());
  if (prompts.empty()) prompts.emplace_back(default_prompt);
  for (const std::string& prompt : prompts) {
    if (prompt.find("{}") == std::string::npos) {
      throw ArgumentError(fmt::format("--prompt: got '{}'; expected a text with {{}} where the class's name goes", prompt));
    }
  }
  ClipEncoder& model = inputs.text_model("--class-embeddings: got none for '" + column + "'");
  return prompt_embeddings(model, names, prompts, inputs.quiet());
}

/// Says which option gave embeddings that can't be told from each other or have no direction.
ZeroShotClassifier classifier_of(std::vector<std::string> names, MatrixView<const float> rows, bool stored) {
  try {
    return {std::move(names), rows};
  } catch (const ArgumentError& error) {
    throw ArgumentError((stored ? "--class-embeddings: " : "--prompt: ") + std::string(error.what()));
  }
}

}  // namespace

void add_class_prompt_options(CLI::App& verb, ClassPromptArguments& arguments) {
  verb.add_option("--classes", arguments.classes, "Names of the classes, one a line; default: the labels (repeatable, for one column alone: COLUMN=FILE)")
      ->type_name("[COLUMN=]FILE")->allow_extra_args(false);
  verb.add_option("--prompt", arguments.prompts,
                  "Text about a class, {} being its name; several: the mean of their embeddings (repeatable). Default: \"a photo of a {}.\"")
      ->type_name("[COLUMN=]TEXT")->allow_extra_args(false);
  verb.add_option("--class-embeddings", arguments.class_embeddings,
                  "Embeddings of the classes (.npy, a row a class in their order), in place of prompts and a text tower (repeatable)")
      ->type_name("[COLUMN=]FILE")->allow_extra_args(false);
}

std::string given_class_option(const ClassPromptArguments& arguments) {
  if (!arguments.classes.empty()) return "--classes";
  if (!arguments.prompts.empty()) return "--prompt";
  return arguments.class_embeddings.empty() ? "" : "--class-embeddings";
}

ClassTask class_task(const std::string& option, const std::string& column, const std::vector<std::string>& columns,
                     const ClassPromptArguments& arguments, ExperimentInputs& inputs) {
  const RowGroups labels = inputs.groups(option, column);
  const std::string file = file_of("--classes", arguments.classes, column, columns);
  std::vector<std::string> names = class_names(file, option, column, labels);
  std::unordered_map<std::string, std::int32_t> index;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!index.emplace(names[i], static_cast<std::int32_t>(i)).second) {
      throw FileError(fmt::format("{}: line {} is '{}', which stands on an earlier line; expected different classes", file, i + 1, names[i]));
    }
  }
  const std::vector<float> rows = embeddings_of(column, columns, names, arguments, inputs);
  const auto classes = static_cast<std::int64_t>(names.size());
  const bool stored = !file_of("--class-embeddings", arguments.class_embeddings, column, columns).empty();
  ClassTask task{column, classifier_of(std::move(names), {rows.data(), classes, inputs.space().dim()}, stored), {}, 0, 0};
  task.of_record.reserve(labels.of_row.size());
  for (const std::int32_t label : labels.of_row) {
    const auto place = label < 0 ? index.end() : index.find(labels.names[static_cast<std::size_t>(label)]);
    task.of_record.push_back(place == index.end() ? -1 : place->second);
    if (label < 0) ++task.unlabelled;
    else if (place == index.end()) ++task.without_class;
  }
  if (std::all_of(task.of_record.begin(), task.of_record.end(), [](std::int32_t group) { return group < 0; })) {
    throw ArgumentError(fmt::format("{}: got '{}', and no row has a label that names a class; expected labels among the {} classes{}", option, column,
                                    classes, file.empty() ? "" : " of '" + file + "'"));
  }
  return task;
}

void add_prompt_settings(nlohmann::ordered_json& settings, const ClassPromptArguments& arguments) {
  if (!arguments.classes.empty()) settings["class_files"] = arguments.classes;
  if (!arguments.class_embeddings.empty()) settings["class_embeddings"] = arguments.class_embeddings;
  else settings["prompts"] = arguments.prompts.empty() ? std::vector<std::string>{default_prompt} : arguments.prompts;
}

std::vector<std::filesystem::path> class_prompt_files(const ClassPromptArguments& arguments, const std::vector<std::string>& columns) {
  std::vector<std::filesystem::path> files;
  for (const auto* values : {&arguments.classes, &arguments.class_embeddings}) {
    for (const std::string& value : *values) files.emplace_back(without_column(value, column_of(value, columns)));
  }
  return files;
}

}  // namespace splice_cuda::cli
