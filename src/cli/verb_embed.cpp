#include <fmt/format.h>

#include <chrono>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/model_inputs.hpp"
#include "cli/npy_rows.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct EmbedArguments {
  ModelArguments model;
  std::string out;
  std::string paths_out;
  std::string records_out;
  std::string dtype = "float32";
  bool normalize = false;
  ResourceArguments resources;
  ReportArguments report;
};

/// Where the names of the rows go: beside the embeddings, unless said otherwise. Texts have theirs already.
std::filesystem::path paths_file(const EmbedArguments& a) {
  if (!a.paths_out.empty() || !a.model.texts.empty()) return a.paths_out;
  return std::filesystem::path(a.out).replace_extension(".txt");
}

io::NpyType npy_type(const std::string& dtype) {
  if (dtype == "float32") return io::NpyType::float32;
  if (dtype == "float16") return io::NpyType::float16;
  throw ArgumentError(fmt::format("--dtype: got '{}'; expected float32 or float16", dtype));
}

void check_outputs(const EmbedArguments& a, const ModelInputs& inputs, const std::filesystem::path& paths) {
  std::vector<std::filesystem::path> taken = files_of(inputs);
  if (!a.model.texts.empty()) taken.emplace_back(a.model.texts);
  add_model_files(a.model.model, taken);
  check_output(a.out, taken);
  if (!paths.empty()) {
    if (same_place(paths, a.out)) throw ArgumentError(fmt::format("--paths-out: got '{}', which is --out; expected another file", paths.string()));
    check_output(paths, taken, "--paths-out");
  }
  if (a.records_out.empty()) return;
  if (same_place(a.records_out, a.out) || (!paths.empty() && same_place(a.records_out, paths))) {
    throw ArgumentError(fmt::format("--records-out: got '{}', which is another output; expected another file", a.records_out));
  }
  check_output(a.records_out, taken, "--records-out");
}

ExitCode embed(const EmbedArguments& a) {
  const io::NpyType type = npy_type(a.dtype);
  const std::filesystem::path paths = paths_file(a);
  ModelInputs inputs = find_inputs(a.model);
  check_outputs(a, inputs, paths);
  const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
  ClipEncoder model = load_model(a.model, resources);

  NpyRows rows(a.out, model.dim(), type);
  const auto start = std::chrono::steady_clock::now();
  embed_inputs(model, inputs, "embed", a.report.quiet, [&](MatrixView<const float> block) { rows.write(block, a.normalize); });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  signals::throw_if_stop_requested();
  if (!paths.empty()) {
    io::AtomicFile list(paths);
    std::string text;
    for (const std::string& name : inputs.names) text += escaped_line(name) + '\n';
    list.write(text);
    rows.commit();
    list.commit();
  } else {
    rows.commit();
  }
  if (!a.records_out.empty()) {
    const RecordTable records = records_of(inputs);
    write_records(a.records_out, inputs.texts.empty() ? take_records(records, inputs.indices) : records);
  }
  if (a.report.json) {
    nlohmann::ordered_json json;
    json["rows"] = rows.rows();
    json["dim"] = model.dim();
    json["dtype"] = a.dtype;
    json["model"] = model.name();
    json["model_fingerprint"] = model.fingerprint();
    json["seconds"] = seconds;
    add_inputs_json(json, inputs);
    print_result(json_text(json, 2) + "\n");
  } else {
    print_result(fmt::format("{} in {} ({} a second): rows of {}\n", inputs_text(inputs), duration(seconds),
                             rate(static_cast<double>(rows.rows()) / seconds), counted(model.dim(), "number")));
  }
  print_note(a.report.quiet, "wrote " + a.out);
  if (!paths.empty()) print_note(a.report.quiet, "wrote " + paths.string());
  if (!a.records_out.empty()) print_note(a.report.quiet, "wrote " + a.records_out);
  return ExitCode::ok;
}

}  // namespace

void add_embed(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("embed", "Pictures or texts to embeddings, by a CLIP model");
  const auto a = std::make_shared<EmbedArguments>();
  add_model_options(*verb, a->model, "CLIP model (docs/model_folder.md)");
  verb->get_option("--model")->required();
  add_image_option(*verb, a->model);
  add_text_option(*verb, a->model);
  verb->add_option("-o,--out", a->out, "Write embeddings [n, d] here (.npy)")->type_name("FILE")->required();
  verb->add_option("--paths-out", a->paths_out, "Write the picture's path of each row here, one a line; default: --out with .txt")
      ->type_name("FILE");
  verb->add_option("--records-out", a->records_out, "Write a record for each row here (.csv): label, split and what else is known of it")
      ->type_name("FILE");
  verb->add_flag("--normalize", a->normalize, "Scale rows to length 1");
  verb->add_option("--dtype", a->dtype, "float32 or float16")->type_name("TYPE")->capture_default_str();
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice embed --model model --images pictures --out pictures.npy");
  verb->callback([a, &chosen] { chosen = [a] { return embed(*a); }; });
}

}  // namespace splice_cuda::cli
