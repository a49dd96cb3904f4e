#include "cli/experiments/code_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/row_names.hpp"
#include "cli/signals.hpp"
#include "core/code_rows.hpp"
#include "experiments/row_direction.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t stored_rows_at_once = 8192;

/// Stored codes know their problem: what would make other ones contradicts them.
void check_alone(const CodeArguments& a) {
  const ExperimentArguments& e = a.experiment;
  const std::string of_solver = given_solver_option(e.solver);
  const std::string of_model = given_model_option(e.sources.model, e.sources.any_model);
  // A device, too: one that is absent would pass unnoticed, as nothing is asked of it.
  const std::vector<std::pair<bool, std::string>> others = {
      {!e.sources.embeddings.empty(), "--embeddings"}, {!e.sources.model.model.empty(), "--model"},
      {e.sources.model.has_inputs(), "--images, --dataset or --texts"}, {!e.sources.embeddings_out.empty(), "--embeddings-out"},
      {!of_model.empty(), of_model}, {!of_solver.empty(), of_solver}, {e.target_l0 > 0, "--target-l0"}, {!e.mean.image_mean.empty(), "--image-mean"},
      {e.mean.raw, "--raw"}, {e.resources.device != ResourceArguments{}.device, "--device"}};
  for (const auto& [given, option] : others) {
    if (given) throw ArgumentError(fmt::format("--codes: got '{}' together with {}; expected only one of them", a.codes, option));
  }
}

RecordTable records_of_names(const StoredCodes& stored) {
  RecordTable records;
  const std::vector<std::string>& names = stored.file.names;
  if (names.empty()) return records;
  if (names_are_texts(stored)) {
    records.set("text", names);
    return records;
  }
  std::vector<std::string> labels;
  for (const std::string& name : names) labels.push_back(std::filesystem::path(name).parent_path().filename().string());
  records.set("path", names);
  // A dataset's samples need not lie in folders.
  if (std::any_of(labels.begin(), labels.end(), [](const std::string& label) { return !label.empty(); })) records.set("label", std::move(labels));
  return records;
}

RecordTable read_records_of(const CodeArguments& a, const StoredCodes& stored) {
  RecordTable own = records_of_names(stored);
  if (a.experiment.records.empty()) return own;
  RecordTable records = read_row_records(a.experiment, stored.file.codes.rows, a.codes);
  for (const std::string& name : own.names()) {
    if (!records.has(name)) records.set(name, own.column(name));
  }
  return records;
}

}  // namespace

void add_code_options(CLI::App& verb, CodeArguments& arguments) {
  add_experiment_options(verb, arguments.experiment);
  verb.add_option("--codes", arguments.codes, "Codes that splice decompose wrote (.npz), in place of embeddings and a model: nothing is solved")
      ->type_name("FILE");
}

CodeInputs::CodeInputs(const CodeArguments& arguments) : arguments_(arguments) {
  if (arguments.codes.empty()) {
    experiment_.emplace(arguments.experiment);
    return;
  }
  check_alone(arguments);
  const StoredCodesArguments where{arguments.codes, arguments.experiment.sources.dictionary};
  stored_ = read_stored_codes(where);
  space_.emplace(load_space_of(where, *stored_));
  records_ = read_records_of(arguments, *stored_);
  if (arguments.experiment.out.empty()) return;
  std::vector<std::filesystem::path> inputs = {arguments.codes, where.dictionary.empty() ? stored_->settings.dictionary : where.dictionary};
  if (!arguments.experiment.records.empty()) inputs.emplace_back(arguments.experiment.records);
  check_output(arguments.experiment.out, inputs);
}

RowGroups CodeInputs::groups(const std::string& option, const std::string& column) const { return find_row_groups(records(), option, column); }

RowGroups CodeInputs::groups_or_all(const std::string& option, const std::string& column) const {
  return column.empty() ? RowGroups{{"all"}, {}} : groups(option, column);
}

OneCode CodeInputs::find_code(const std::string& option, const std::string& wanted) {
  if (!stored_) return experiment_->find_code(option, wanted);
  const std::vector<std::string>& names = records_.has("path") ? records_.column("path") : stored_->file.names;
  const std::int64_t row = find_named_row(stored_->file.codes.rows, names, option, wanted, arguments_.codes);
  OneCode one{{slice_rows(stored_->file.codes, row, 1), {}}, row};
  if (!stored_->file.reports.empty()) one.result.reports = {stored_->file.reports[static_cast<std::size_t>(row)]};
  return one;
}

void CodeInputs::walk(const Visitor& visit) {
  if (!stored_) {
    experiment_->walk_codes([&](const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw,
                                const DecomposeResult& result) {
      const std::vector<float> cosine = space().cosine(context, raw, result.codes);
      visit({records, result.codes, result.reports, cosine});
    });
    return;
  }
  const io::CodesFile& file = stored_->file;
  std::vector<std::int64_t> records;
  for (std::int64_t first = 0; first < file.codes.rows; first += stored_rows_at_once) {
    signals::throw_if_stop_requested();
    const std::int64_t count = std::min(stored_rows_at_once, file.codes.rows - first);
    const auto part = [&](const auto& values) {
      return values.empty() ? std::span(values) : std::span(values).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    };
    records.resize(static_cast<std::size_t>(count));
    std::iota(records.begin(), records.end(), first);
    visit({records, slice_rows(file.codes, first, count), part(file.reports), part(file.cosine)});
  }
  const std::int64_t with_direction = file.reports.empty() ? file.codes.rows
      : std::count_if(file.reports.begin(), file.reports.end(), [](const RowReport& report) { return has_direction(report.status); });
  if (with_direction > 0 && file.codes.nnz() == 0) {
    empty_codes_ = fmt::format("No concept in any of {}: their penalty was too high. Codes of a smaller one tell more (splice decompose).",
                               counted(with_direction, "code"));
    print_note(quiet(), empty_codes_);
  }
}

nlohmann::ordered_json CodeInputs::settings() const {
  if (!stored_) return experiment_->settings();
  const RunSettings& run = stored_->settings;
  nlohmann::ordered_json json;
  json["codes"] = arguments_.codes;
  json["dictionary"] = arguments_.experiment.sources.dictionary.empty() ? run.dictionary : arguments_.experiment.sources.dictionary;
  json["concepts"] = space_->size();
  if (!arguments_.experiment.records.empty()) json["records"] = arguments_.experiment.records;
  if (run.l1_penalty) json["l1_penalty"] = *run.l1_penalty;
  if (run.target_l0 > 0) json["target_l0"] = run.target_l0;
  if (run.target_cosine > 0) json["target_cosine"] = run.target_cosine;
  return json;
}

}  // namespace splice_cuda::cli
