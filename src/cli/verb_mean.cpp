#include <fmt/format.h>

#include <array>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/model_inputs.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/unit_row_mean.hpp"
#include "cli/verbs.hpp"
#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct MeanVerbArguments {
  ModelArguments model;
  std::string embeddings;
  std::string out;
  ResourceArguments resources;
  ReportArguments report;
};

UnitRowMean mean_of_model(const MeanVerbArguments& a, ModelInputs& inputs) {
  const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
  ClipEncoder model = load_model(a.model, resources);
  UnitRowMean mean(model.dim());
  embed_inputs(model, inputs, "mean", a.report.quiet, [&](MatrixView<const float> rows) { mean.add(rows); });
  return mean;
}

ExitCode write_mean(const MeanVerbArguments& a) {
  const bool by_model = !a.model.model.empty();
  if (by_model != a.embeddings.empty() || (!by_model && a.model.has_inputs())) {
    const std::string given = a.embeddings.empty() ? "none" : "'" + a.embeddings + "'";
    throw ArgumentError(fmt::format("--embeddings: got {} {} --model and its inputs; expected either embeddings, or a model with --images, "
                                    "--dataset or --texts", given, by_model || a.model.has_inputs() ? "together with" : "and no"));
  }
  check_model_options(a.model, false);
  ModelInputs inputs;
  if (by_model) inputs = find_inputs(a.model);
  std::vector<std::filesystem::path> taken = files_of(inputs);
  for (const std::string& input : {a.embeddings, a.model.texts}) {
    if (!input.empty()) taken.emplace_back(input);
  }
  add_model_files(a.model.model, taken);
  check_output(a.out, taken);
  const UnitRowMean sum = by_model ? mean_of_model(a, inputs) : mean_of_unit_rows(*io::EmbeddingSource::open(a.embeddings), a.report.quiet);
  if (sum.counted() == 0) {
    throw FileError(fmt::format("{}: found no row with a direction, expected at least one embedding", by_model ? a.model.model : a.embeddings));
  }
  const std::vector<float> mean = sum.mean();
  signals::throw_if_stop_requested();
  io::AtomicFile file(a.out);
  file.write(io::npy_header(io::NpyType::float32, std::array{static_cast<std::int64_t>(mean.size())}));
  file.write(std::as_bytes(std::span(mean)));
  file.commit();
  if (a.report.json) {
    nlohmann::ordered_json json;
    json["count"] = sum.counted();
    json["left_out"] = sum.left_out();
    json["dim"] = mean.size();
    json["length"] = length_of(mean);
    if (by_model) add_inputs_json(json, inputs);
    print_result(json_text(json, 2) + "\n");
  } else {
    print_result(fmt::format("mean of {}, length {:.4f}\n", counted(sum.counted(), "unit embedding"), length_of(mean)));
    if (sum.left_out() > 0) print_result(fmt::format("left out {} of zeros, or with NaN or infinity\n", counted(sum.left_out(), "row")));
    if (!inputs.skipped.empty()) print_result(inputs_text(inputs) + "\n");
  }
  print_note(a.report.quiet, "wrote " + a.out);
  return ExitCode::ok;
}

}  // namespace

void add_mean(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("mean", "Mean of unit embeddings: the image mean of a dictionary");
  const auto a = std::make_shared<MeanVerbArguments>();
  add_model_options(*verb, a->model, "CLIP model (docs/model_folder.md)");
  add_image_option(*verb, a->model);
  add_text_option(*verb, a->model);
  verb->add_option("-e,--embeddings", a->embeddings, "Embeddings [n, d], instead of a model")->type_name("PATH");
  verb->add_option("-o,--out", a->out, "Write the mean [d] here (.npy, float32)")->type_name("FILE")->required();
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice mean --embeddings images.npy --out mean.npy");
  verb->callback([a, &chosen] { chosen = [a] { return write_mean(*a); }; });
}

}  // namespace splice_cuda::cli
