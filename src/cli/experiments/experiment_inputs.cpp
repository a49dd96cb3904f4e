#include "cli/experiments/experiment_inputs.hpp"

#include <fmt/format.h>

#include <numeric>
#include <system_error>

#include "cli/argument_parsing.hpp"
#include "cli/built_by.hpp"
#include "cli/experiments/empty_codes.hpp"
#include "cli/input_checks.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/row_names.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// --model beside --embeddings, where a verb takes texts.
bool model_for_texts(const ExperimentArguments& arguments) {
  return arguments.takes_texts && !arguments.sources.embeddings.empty() && !arguments.sources.model.model.empty();
}

const ExperimentArguments& checked(const ExperimentArguments& arguments) {
  if (!model_for_texts(arguments)) check_sources(arguments.sources, arguments.mean.image_mean);
  else if (arguments.sources.model.has_inputs() || !arguments.sources.embeddings_out.empty()) {
    throw ArgumentError(fmt::format("--embeddings: got '{}' together with --images, --texts or --embeddings-out; expected only one of them",
                                    arguments.sources.embeddings));
  }
  if (arguments.target_l0 > 0 && arguments.solver.l1_penalty) {
    throw ArgumentError("--target-l0: got it together with --l1-penalty; expected only one of them");
  }
  check_follows_paths(arguments.solver, arguments.target_l0 > 0 ? "--target-l0" : "");
  if (!arguments.records.empty() && arguments.sources.embeddings.empty()) {
    throw ArgumentError(fmt::format("--records: got '{}' without --embeddings; expected embeddings, whose rows it describes", arguments.records));
  }
  return arguments;
}

/// Loads the model that is there for texts alone.
std::optional<ClipEncoder> loaded_for_texts(const ExperimentArguments& arguments, const ResourceArguments& resources) {
  if (!model_for_texts(arguments)) return std::nullopt;
  return load_model(arguments.sources.model, resources);
}

/// What is walked over: without the model that is there for texts alone, but with its dictionary where no other is named.
DecomposeSources walked(const ExperimentArguments& arguments, const std::optional<ClipEncoder>& text_model) {
  DecomposeSources sources = arguments.sources;
  if (!text_model) return sources;
  if (sources.dictionary.empty() && text_model->dictionary_path()) sources.dictionary = text_model->dictionary_path()->string();
  sources.model = {};
  sources.any_model = false;
  check_sources(sources, arguments.mean.image_mean);
  return sources;
}

}  // namespace

void add_experiment_options(CLI::App& verb, ExperimentArguments& arguments) {
  add_decompose_sources(verb, arguments.sources);
  verb.add_option("--records", arguments.records, "Table (.csv, .tsv, .jsonl, .parquet) with a record for each row of --embeddings: label, split, path, ...")
      ->type_name("FILE");
  add_mean_options(verb, arguments.mean);
  add_solver_options(verb, arguments.solver);
  add_whole_number(verb, "--target-l0", arguments.target_l0, 1, 0x7fffffff, "At most this many concepts a row, instead of a penalty")->default_str("");
  add_resource_options(verb, arguments.resources);
  verb.add_option("-o,--out", arguments.out, "Write the result here (.json): tables and charts, for splice report")->type_name("FILE");
  add_report_options(verb, arguments.report);
}

RecordTable read_row_records(const ExperimentArguments& arguments, std::int64_t rows, const std::string& file) {
  RecordTable records = read_records(arguments.records, record_file_options(arguments.sources.model.dataset));
  if (records.rows() != rows) {
    throw ArgumentError(fmt::format("--records: got {} records in '{}'; expected {}, one for each row of '{}'", records.rows(), arguments.records, rows, file));
  }
  return records;
}

ExperimentInputs::ExperimentInputs(const ExperimentArguments& arguments)
    : arguments_(checked(arguments)), resources_(settled_resources(arguments.resources, arguments.report.quiet)),
      text_model_(loaded_for_texts(arguments, resources_)), sources_(walked(arguments, text_model_)),
      inputs_(sources_, resources_, arguments.report.quiet), space_(ConceptSpace::load(inputs_.dictionary())) {
  inputs_.check_fits(space_);
  check_outputs({});
  settle_image_mean(arguments.mean, inputs_, space_, arguments.report.quiet);
  if (!arguments.records.empty()) {
    records_ = read_row_records(arguments, inputs_.source().rows(), arguments.sources.embeddings);
  } else if (inputs_.by_model()) {
    records_ = inputs_.records();
  }
}

RowGroups find_row_groups(const RecordTable& records, const std::string& option, const std::string& column) {
  if (records.names().empty()) {
    throw ArgumentError(option + ": got '" + column + "', and no records; expected --records beside --embeddings, pictures in folders, or --dataset");
  }
  try {
    return RowGroups::of(records.column(column));
  } catch (const ArgumentError& error) {
    throw ArgumentError(option + ": " + error.what());
  }
}

DecomposeOptions ExperimentInputs::options() const {
  DecomposeOptions options = to_options(arguments_.solver);
  options.target_l0 = static_cast<std::int32_t>(arguments_.target_l0);
  return options;
}

ClipEncoder* ExperimentInputs::given_model() noexcept { return text_model_ ? &*text_model_ : inputs_.model(); }

bool ExperimentInputs::has_text_model() {
  const ClipEncoder* model = given_model();
  return model != nullptr && model->has_text();
}

ClipEncoder& ExperimentInputs::text_model(const std::string& lacking) {
  ClipEncoder* model = given_model();
  if (model == nullptr) throw ArgumentError(lacking + ", and no --model whose text tower could make them; expected one of the two");
  if (!model->has_text()) {
    throw ArgumentError(fmt::format("{}, and the model '{}' has no text tower; expected a model that has one", lacking, arguments_.sources.model.model));
  }
  if (text_model_) check_built_by(*model, arguments_.sources.model.model, space_, inputs_.dictionary(), arguments_.sources.any_model);
  return *model;
}

void ExperimentInputs::walk(const RowVisitor& visit) {
  std::vector<std::int64_t> records;
  const RowStream stream = inputs_.stream();
  stream.walk({}, [&](std::int64_t first, MatrixView<const float> raw) {
    if (inputs_.pictures()) {
      visit(std::span(inputs_.indices()).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(raw.rows)), raw);
      return;
    }
    records.resize(static_cast<std::size_t>(raw.rows));
    std::iota(records.begin(), records.end(), first);
    visit(records, raw);
  });
}

void ExperimentInputs::walk_codes(const CodeVisitor& visit) {
  const bool by_model = inputs_.by_model();
  ProgressLine progress("decompose", by_model ? -1 : inputs_.source().rows(), arguments_.report.quiet || by_model);
  std::int64_t finished = 0;
  const Context context = make_context(resources_, [&](std::int64_t done) { progress.update(finished + done); });
  const DecomposeOptions solve = options();
  EmptyCodesWatch watch;
  walk([&](std::span<const std::int64_t> records, MatrixView<const float> raw) {
    const DecomposeResult result = space_.decompose(context, raw, solve, prepare());
    watch.add(raw, result);
    visit(context, records, raw, result);
    finished += raw.rows;
  });
  empty_codes_ = watch.sentence(space_, context, solve, prepare());
  if (!empty_codes_.empty()) print_note(arguments_.report.quiet, empty_codes_);
}

PrepareOptions ExperimentInputs::prepare() const {
  PrepareOptions prepare;
  prepare.normalize = !arguments_.mean.raw;
  return prepare;
}

std::vector<float> ExperimentInputs::embed_picture(const std::string& option, const std::string& wanted, std::optional<std::int64_t>& record) {
  const Dataset* dataset = inputs_.dataset();
  std::filesystem::path picture = wanted;
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(picture, error);
  if (!is_file) {
    std::vector<std::string> names;  // of a dataset what its samples are called, whether it has a column `path` or not
    for (const std::filesystem::path& listed : inputs_.listed()) names.push_back(listed.string());
    record = find_named_row(records_.rows(), names, option, wanted, dataset != nullptr ? arguments_.sources.model.dataset.dataset : "--images");
    picture = inputs_.listed()[static_cast<std::size_t>(*record)];
  } else if (dataset == nullptr || dataset->has_files()) {
    for (std::size_t i = 0; i < inputs_.listed().size(); ++i) {
      if (same_place(inputs_.listed()[i], picture)) record = static_cast<std::int64_t>(i);
    }
  }
  std::vector<float> row;
  const auto take = [&](const EmbeddedImages& batch) {
    if (!batch.indices.empty()) row.assign(batch.embeddings.row(0), batch.embeddings.row(0) + batch.embeddings.cols);
  };
  const std::vector<std::filesystem::path> one = {picture};
  const std::vector<SkippedImage> skipped = dataset != nullptr && !is_file
                                                ? inputs_.model()->embed_images(1, [&](std::int64_t) { return dataset->image(*record); }, take)
                                                : inputs_.model()->embed_images(one, take);
  if (row.empty()) throw FileError(skipped.empty() ? picture.string() + ": can't be read" : skipped.front().reason);
  return row;
}

OneCode ExperimentInputs::find_code(const std::string& option, const std::string& wanted) {
  OneCode one;
  std::vector<float> row;
  if (inputs_.are_texts()) {
    throw ArgumentError(fmt::format("{}: got '{}' together with --texts; expected embeddings, stored codes or pictures", option, wanted));
  }
  if (inputs_.pictures()) {
    row = embed_picture(option, wanted, one.record);
  } else {
    const std::vector<std::string> none;
    one.record = find_named_row(inputs_.source().rows(), records_.has("path") ? records_.column("path") : none, option, wanted,
                                arguments_.sources.embeddings);
    row.resize(static_cast<std::size_t>(space_.dim()));
    inputs_.source().read(*one.record, {row.data(), 1, space_.dim()});
  }
  one.result = space_.decompose(make_context(resources_), MatrixView<const float>(row.data(), 1, space_.dim()), options(), prepare());
  return one;
}

nlohmann::ordered_json ExperimentInputs::settings() const {
  const ExperimentArguments& a = arguments_;
  nlohmann::ordered_json json;
  json["dictionary"] = inputs_.dictionary();
  json["concepts"] = space_.size();
  if (!a.sources.embeddings.empty()) json["embeddings"] = a.sources.embeddings;
  if (!a.sources.model.model.empty()) json["model"] = a.sources.model.model;
  if (!a.records.empty()) json["records"] = a.records;
  const DatasetArguments& dataset = a.sources.model.dataset;
  if (!dataset.dataset.empty()) json["dataset"] = dataset.dataset;
  if (!dataset.split.empty()) json["split"] = dataset.split;
  if (dataset.limit > 0) json["limit"] = dataset.limit;
  if (a.target_l0 > 0) json["target_l0"] = a.target_l0;
  else json["l1_penalty"] = options().l1_penalty;
  json["centered"] = !space_.image_mean().empty();
  inputs_.add_json(json);
  return json;
}

void ExperimentInputs::check_outputs(const std::vector<OutputFile>& outputs, const std::vector<std::filesystem::path>& more_inputs) const {
  std::vector<OutputFile> all = outputs;
  if (!arguments_.out.empty()) all.push_back({"--out", arguments_.out});
  if (!arguments_.sources.embeddings_out.empty()) all.push_back({"--embeddings-out", arguments_.sources.embeddings_out});
  std::vector<std::filesystem::path> taken = more_inputs;
  if (text_model_) add_model_files(arguments_.sources.model.model, taken);  // the inputs know of no model then
  for (const std::string& input : {arguments_.mean.image_mean, arguments_.records}) {
    if (!input.empty()) taken.emplace_back(input);
  }
  inputs_.check_outputs(all, std::move(taken));
}

}  // namespace splice_cuda::cli
