#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/intervention.hpp"
#include "cli/experiments/probe_arguments.hpp"
#include "cli/npy_rows.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "core/code_rows.hpp"
#include "io/npz.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct InterveneArguments {
  ExperimentArguments common;
  EditArguments edits;
  ClassPromptArguments prompts;
  ProbeArguments probe;
  std::vector<std::string> tasks;
  bool by_probe = false;
  bool retrain = false;
  std::vector<std::string> subgroups;
  std::string codes_out;
  std::string recomposed_out;
};

void check_arguments(const InterveneArguments& a) {
  for (const std::string& column : a.tasks) {
    if (std::count(a.tasks.begin(), a.tasks.end(), column) > 1) throw ArgumentError(fmt::format("--task: got '{}' twice; expected each once", column));
  }
  const auto refuse = [](bool wrong, const char* message) {
    if (wrong) throw ArgumentError(message);
  };
  refuse(a.tasks.empty() && a.by_probe, "--probe: got no --task; expected the column that the probe learns");
  refuse(a.tasks.empty() && !a.subgroups.empty(), "--subgroups: got no --task; expected the column whose answers are counted by subgroup");
  for (const std::string& column : a.subgroups) {
    if (std::count(a.subgroups.begin(), a.subgroups.end(), column) > 1) {
      throw ArgumentError(fmt::format("--subgroups: got '{}' twice; expected each column once", column));
    }
  }
  refuse(a.retrain && !a.by_probe, "--retrain: got no --probe; expected a probe to train again");
  const std::string of_classes = given_class_option(a.prompts);
  const std::string of_probe = given_probe_option(a.probe);
  if (a.tasks.empty() && !(of_classes + of_probe).empty()) {
    throw ArgumentError((of_classes.empty() ? of_probe : of_classes) + ": got no --task; expected the column whose classes are asked for");
  }
  if (a.by_probe && !of_classes.empty()) throw ArgumentError(of_classes + ": got it together with --probe, which learns the classes from rows; expected only one of them");
  if (!a.by_probe && !of_probe.empty()) throw ArgumentError(of_probe + ": got no --probe; expected the probe that it is for");
}

/// Records sorted by the values of all columns at once. Combinations that read alike, such as ("x", "y, z") and ("x, y", "z"), are groups of
/// their own, and told apart by the columns' names.
RowGroups combined(const std::vector<std::string>& columns, const std::vector<RowGroups>& groups) {
  const auto text = [&](const std::vector<std::int32_t>& values, bool with_columns) {
    std::string joined;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) joined += with_columns ? "; " : ", ";
      if (with_columns) joined += columns[c] + "=";
      joined += groups[c].names[static_cast<std::size_t>(values[c])];
    }
    return joined;
  };
  const std::size_t rows = groups.front().of_row.size();
  std::vector<std::vector<std::int32_t>> of_record(rows);  // empty where a value lacks
  std::map<std::vector<std::int32_t>, std::int32_t> places;
  for (std::size_t i = 0; i < rows; ++i) {
    if (std::any_of(groups.begin(), groups.end(), [&](const RowGroups& one) { return one.of_row[i] < 0; })) continue;
    for (const RowGroups& one : groups) of_record[i].push_back(one.of_row[i]);
    places.emplace(of_record[i], 0);
  }
  std::map<std::string, int> alike;
  for (const auto& [values, place] : places) ++alike[text(values, false)];
  RowGroups result;
  for (auto& [values, place] : places) {
    place = static_cast<std::int32_t>(result.size());
    const std::string plain = text(values, false);
    result.names.push_back(alike[plain] > 1 ? text(values, true) : plain);
  }
  for (const std::vector<std::int32_t>& values : of_record) result.of_row.push_back(values.empty() ? -1 : places[values]);
  return result;
}

/// Records sorted by the values of all columns; those that lack one belong to none.
RowGroups find_subgroups(const InterveneArguments& a, const ExperimentInputs& inputs) {
  std::vector<RowGroups> columns;
  for (const std::string& column : a.subgroups) {
    columns.push_back(inputs.groups("--subgroups", column));
    if (columns.back().size() > 0) continue;
    throw ArgumentError(fmt::format("--subgroups: got '{}', which has no value in any record; expected a column with values", column));
  }
  if (columns.empty()) return {};
  RowGroups subgroups = combined(a.subgroups, columns);
  if (subgroups.size() == 0) throw ArgumentError("--subgroups: got columns of which no record has all; expected records with a value in each");
  return subgroups;
}

InterventionTasks find_tasks(const InterveneArguments& a, ExperimentInputs& inputs) {
  InterventionTasks tasks;
  tasks.probe = probe_options(a.probe);
  tasks.retrain = a.retrain;
  tasks.seed = static_cast<std::uint64_t>(a.probe.seed);
  for (const std::string& column : a.tasks) {
    if (!a.by_probe) {
      tasks.zero_shot.push_back(class_task("--task", column, a.tasks, a.prompts, inputs));
      continue;
    }
    const RowGroups labels = inputs.groups("--task", column);
    tasks.probes.push_back({column, labels, row_uses(a.probe, inputs, "--task", column, labels)});
  }
  return tasks;
}

/// Edited codes and embeddings on disk.
class EditedOutputs {
 public:
  EditedOutputs(const InterveneArguments& a, const ExperimentInputs& inputs) : a_(a), inputs_(inputs) {
    file_.codes = {0, inputs.space().size(), {0}, {}, {}};
    if (!a.recomposed_out.empty()) rows_.emplace(a.recomposed_out, inputs.space().dim(), io::NpyType::float32);
  }

  void take(const EditedBlock& block) {
    if (rows_) rows_->write(block.recomposed, false);
    if (a_.codes_out.empty()) return;
    append_rows(file_.codes, block.codes);
    file_.reports.insert(file_.reports.end(), block.reports.begin(), block.reports.end());
  }

  /// @param names  of the rows, or empty
  void commit(const ConceptEdits& edits, std::vector<std::string> names) {
    signals::throw_if_stop_requested();
    if (!a_.codes_out.empty()) {
      RunSettings settings = inputs_.run_settings();
      for (const EditedConcept& edit : edits.concepts) {
        if (edits.resolve && edit.number == 0) settings.banned.push_back(inputs_.space().name(edit.member.atom));
      }
      file_.options_json = to_json_text(settings);
      file_.names = std::move(names);
      io::write_codes(a_.codes_out, file_);
    }
    if (rows_) rows_->commit();
    for (const std::string& out : {a_.codes_out, a_.recomposed_out}) {
      if (!out.empty()) print_note(a_.common.report.quiet, "wrote " + out);
    }
  }

 private:
  const InterveneArguments& a_;
  const ExperimentInputs& inputs_;
  io::CodesFile file_;
  std::optional<NpyRows> rows_;
};

std::string summary_of(const Intervention& intervention, const ConceptEdits& edits, const std::string& empty) {
  std::string text = counted(static_cast<std::int64_t>(edits.concepts.size()), "concept") + " edited";
  if (intervention.before().rows() == 0) text += "; no row has an embedding";
  else {
    text += fmt::format("; {:.1f} concepts a row before, {:.1f} after, cosine {:.3f} and {:.3f}", intervention.before().mean_l0(),
                        intervention.after().mean_l0(), intervention.before().mean_cosine(), intervention.after().mean_cosine());
  }
  std::string last;
  for (const Answers& answers : intervention.answers().all()) {
    const std::string& task = intervention.answers().tasks()[answers.task].name;
    const std::string head = answers.classifier == "zero-shot" ? task : task + " (" + answers.classifier + ")";
    text += (head == last ? ", " : ". " + head + ": ") + accuracy_text(answers.tally.accuracy()) + " " + answers.condition;
    const std::int32_t worst = worst_subgroup(answers);
    if (worst >= 0) text += fmt::format(" (worst group {:.3f})", answers.of_subgroup[static_cast<std::size_t>(worst)].value());
    last = head;
  }
  text += ".";
  add_sentence(text, empty);
  return text;
}

ResultDocument document_of(const InterveneArguments& a, const ExperimentInputs& inputs, const ConceptEdits& edits, const Intervention& intervention) {
  ResultDocument document{"intervene", "Intervention on concepts", summary_of(intervention, edits, inputs.empty_codes()), inputs.settings(), {}, {}};
  document.settings["mode"] = a.edits.mode;
  const ConceptSpace& space = inputs.space();
  document.tables = {edit_table("edits", "Edited concepts", space, edits, intervention.frequency(), intervention.weight_sums()),
                     quality_table({{"recomposed", &intervention.before()}, {"edited", &intervention.after()}})};
  if (!a.tasks.empty()) {
    const AnswerBook& book = intervention.answers();
    document.settings["tasks"] = a.tasks;
    document.settings["control_seed"] = a.probe.seed;
    if (a.by_probe) add_probe_settings(document.settings, a.probe);
    else add_prompt_settings(document.settings, a.prompts);
    document.tables.push_back(accuracy_table(book, false));
    document.tables.push_back(class_table(book));
    document.charts.push_back(accuracy_chart(book));
    if (book.subgroups().size() > 0) {
      document.tables.push_back(subgroup_table(book));
      document.charts.push_back(subgroup_chart());
    }
    document.tables.push_back(edit_table("control", "Concepts of the control", space, intervention.control(), intervention.frequency(),
                                         intervention.weight_sums()));
  }
  document.tables.push_back(row_count_table({{"with an embedding", intervention.before().rows()},
                                             {"without one (zero, NaN or infinity): left out", intervention.before().without_direction()}}));
  return document;
}

ExitCode intervene(const InterveneArguments& a) {
  check_arguments(a);
  ExperimentInputs inputs(a.common);
  std::vector<OutputFile> outputs;
  if (!a.codes_out.empty()) outputs.push_back({"--codes-out", a.codes_out});
  if (!a.recomposed_out.empty()) outputs.push_back({"--recomposed-out", a.recomposed_out});
  inputs.check_outputs(outputs, class_prompt_files(a.prompts, a.tasks));
  const ConceptEdits edits = find_edits(inputs.space(), a.edits, a.common.report.quiet);
  const InterventionTasks tasks = find_tasks(a, inputs);

  EditedOutputs files(a, inputs);
  Intervention intervention(inputs, edits, tasks, find_subgroups(a, inputs));
  intervention.run([&](const EditedBlock& block) { files.take(block); });
  files.commit(edits, inputs.row_names());
  return deliver(document_of(a, inputs, edits, intervention), a.common.out, a.common.report);
}

}  // namespace

void add_intervene(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("intervene", "Edit concepts in codes, recompose them, and see what classifiers lose");
  const auto a = std::make_shared<InterveneArguments>();
  a->common.takes_texts = true;
  add_experiment_options(*verb, a->common);
  add_edit_options(*verb, a->edits);
  verb->add_option("--task", a->tasks, "Column of the records whose classes are asked for, zero-shot or by --probe (repeatable)")
      ->type_name("COLUMN")->allow_extra_args(false);
  add_class_prompt_options(*verb, a->prompts);
  verb->add_flag("--probe", a->by_probe, "Ask linear probes, trained on unedited rows, instead of zero-shot");
  add_probe_options(*verb, a->probe);
  verb->add_flag("--retrain", a->retrain, "Also a probe that learns from edited codes");
  verb->add_option("--subgroups", a->subgroups, "Columns of the records, separated by commas (repeatable): accuracy for each combination of their values")
      ->type_name("COLUMN,COLUMN")->delimiter(',');
  verb->add_option("--codes-out", a->codes_out, "Write edited codes here (.npz)")->type_name("FILE");
  verb->add_option("--recomposed-out", a->recomposed_out, "Write recomposed embeddings of edited codes here (.npy)")->type_name("FILE");
  verb->footer("Example:\n  splice intervene --model model --images faces --group eyewear=glasses,sunglasses,visor --task label --out glasses.json");
  verb->callback([a, &chosen] { chosen = [a] { return intervene(*a); }; });
}

}  // namespace splice_cuda::cli
