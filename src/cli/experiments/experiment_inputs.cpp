#include "cli/experiments/experiment_inputs.hpp"

#include <fmt/format.h>

#include <numeric>

#include "cli/argument_parsing.hpp"
#include "cli/input_checks.hpp"
#include "cli/progress_line.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

const ExperimentArguments& checked(const ExperimentArguments& arguments) {
  check_sources(arguments.sources, arguments.mean.image_mean);
  if (arguments.target_l0 > 0 && arguments.solver.l1_penalty) {
    throw ArgumentError("--target-l0: got it together with --l1-penalty; expected only one of them");
  }
  if (!arguments.records.empty() && arguments.sources.embeddings.empty()) {
    throw ArgumentError(fmt::format("--records: got '{}' without --embeddings; expected embeddings, whose rows it describes", arguments.records));
  }
  return arguments;
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

ExperimentInputs::ExperimentInputs(const ExperimentArguments& arguments)
    : arguments_(checked(arguments)), resources_(settled_resources(arguments.resources, arguments.report.quiet)),
      inputs_(arguments.sources, resources_, arguments.report.quiet), space_(ConceptSpace::load(inputs_.dictionary())) {
  inputs_.check_fits(space_);
  check_outputs({});
  settle_image_mean(arguments.mean, inputs_, space_, arguments.report.quiet);
  if (!arguments.records.empty()) {
    records_ = read_records(arguments.records, record_file_options(arguments.sources.model.dataset));
    if (records_.rows() != inputs_.source().rows()) {
      throw ArgumentError(fmt::format("--records: got {} records in '{}'; expected {}, one for each row of '{}'", records_.rows(),
                                      arguments.records, inputs_.source().rows(), arguments.sources.embeddings));
    }
  } else if (!inputs_.listed().empty()) {
    records_ = inputs_.records();
  }
}

RowGroups ExperimentInputs::groups(const std::string& option, const std::string& column) const {
  if (records_.names().empty()) {
    throw ArgumentError(option + ": got '" + column + "', and no records; expected --records beside --embeddings, pictures in folders, or --dataset");
  }
  try {
    return RowGroups::of(records_.column(column));
  } catch (const ArgumentError& error) {
    throw ArgumentError(option + ": " + error.what());
  }
}

DecomposeOptions ExperimentInputs::options() const {
  DecomposeOptions options = to_options(arguments_.solver);
  options.target_l0 = static_cast<std::int32_t>(arguments_.target_l0);
  return options;
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
  const bool by_model = inputs_.pictures() || inputs_.are_texts();
  ProgressLine progress("decompose", by_model ? -1 : inputs_.source().rows(), arguments_.report.quiet || by_model);
  std::int64_t finished = 0;
  const Context context = make_context(resources_, [&](std::int64_t done) { progress.update(finished + done); });
  PrepareOptions prepare;
  prepare.normalize = !arguments_.mean.raw;
  const DecomposeOptions solve = options();
  walk([&](std::span<const std::int64_t> records, MatrixView<const float> raw) {
    visit(context, records, raw, space_.decompose(context, raw, solve, prepare));
    finished += raw.rows;
  });
}

nlohmann::ordered_json ExperimentInputs::settings() const {
  const ExperimentArguments& a = arguments_;
  nlohmann::ordered_json json;
  json["dictionary"] = inputs_.dictionary();
  json["concepts"] = space_.size();
  if (a.sources.model.model.empty()) json["embeddings"] = a.sources.embeddings;
  else json["model"] = a.sources.model.model;
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

void ExperimentInputs::check_outputs(const std::vector<std::filesystem::path>& outputs) const {
  std::vector<std::filesystem::path> all = outputs;
  if (!arguments_.out.empty()) all.emplace_back(arguments_.out);
  if (!arguments_.sources.embeddings_out.empty()) all.emplace_back(arguments_.sources.embeddings_out);
  inputs_.check_outputs(all, arguments_.mean.image_mean);
  for (const std::filesystem::path& out : all) {
    if (!arguments_.records.empty()) check_output(out, {arguments_.records});
  }
}

}  // namespace splice_cuda::cli
