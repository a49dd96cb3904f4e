#include "cli/picture_demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/demo_checks.hpp"
#include "cli/folders.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/model_inputs.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/report/report_page.hpp"
#include "cli/summary.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

namespace fs = std::filesystem;

using Truth = std::map<std::string, std::set<std::string>>;

fs::path shipped_model() {
  std::error_code ignored;
  const fs::path command = fs::read_symlink("/proc/self/exe", ignored);  // build/release/bin/splice
  const fs::path repository = command.parent_path().parent_path().parent_path().parent_path();
  for (const fs::path& root : {fs::path("."), repository}) {
    const fs::path model = root / "models" / "scene_clip";
    if (fs::exists(model / "model.json", ignored)) return model.lexically_normal();
  }
  return {};
}

/// [{"file": "a.png", "concepts": ["red circle", ...], ...}, ...]: what stands beside is not read. An entry without concepts says
/// nothing of its picture.
Truth read_truth(const fs::path& path) {
  Truth truth;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return truth;
  std::ifstream stream(path);
  try {
    const nlohmann::json document = nlohmann::json::parse(stream);
    for (const nlohmann::json& entry : document.get_ref<const nlohmann::json::array_t&>()) {
      if (entry.contains("concepts")) truth[entry.at("file").get<std::string>()] = entry.at("concepts").get<std::set<std::string>>();
    }
  } catch (const nlohmann::json::exception& error) {
    throw FileError(path.string() + ": " + error.what() + "; expected a list of objects with a file and a list of concepts");
  }
  return truth;
}

struct Demonstration {
  ConceptSpace space;
  std::string model_name;
  ModelInputs inputs;
  std::vector<float> embeddings;
  io::CodesFile file;
  std::vector<std::optional<std::set<std::string>>> truth;  ///< by row
  RunSettings settings;
  double seconds = 0;

  MatrixView<const float> raw() const { return {embeddings.data(), file.codes.rows, space.dim()}; }
};

bool is_true(const Demonstration& demo, std::int64_t row, std::int32_t atom) {
  const auto& truth = demo.truth[static_cast<std::size_t>(row)];
  return truth && truth->contains(demo.space.name(atom));
}

/// Pictures of which it is known what they show.
std::int64_t known(const Demonstration& demo) {
  return std::count_if(demo.truth.begin(), demo.truth.end(), [](const auto& truth) { return truth.has_value(); });
}

/// Pictures whose heaviest concept is true.
std::int64_t first_is_true(const Demonstration& demo) {
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < demo.file.codes.rows; ++row) {
    for (const CodeEntry& entry : top_entries(demo.file.codes, row, 1)) count += is_true(demo, row, entry.atom);
  }
  return count;
}

std::string picture_line(const Demonstration& demo, std::int64_t row) {
  constexpr std::int64_t shown = 5;
  std::string concepts;
  for (const CodeEntry& entry : top_entries(demo.file.codes, row, shown)) {
    concepts += fmt::format("{}{} {:.2f}{}", concepts.empty() ? "" : ", ", printable(demo.space.name(entry.atom)), entry.weight,
                            is_true(demo, row, entry.atom) ? " ✓" : "");
  }
  const auto at = static_cast<std::size_t>(row);
  return fmt::format("{}  {}  (l0 {}, cosine {:.3f}, gap {:.1e})\n", printable(fs::path(demo.file.names[at]).filename().string()),
                     concepts.empty() ? "-" : concepts, demo.file.codes.l0(row), demo.file.cosine[at], demo.file.reports[at].gap);
}

std::vector<Check> checks_of(const Demonstration& demo, const Context& context, const DecomposeOptions& options) {
  std::vector<Check> checks = certificate_checks(context, demo.space, demo.raw(), demo.file, options);
  if (known(demo) == 0) return checks;
  const std::int64_t count = first_is_true(demo);
  checks.push_back({fmt::format("the heaviest concept is true of {} of {} (at least 2 of 3)", grouped(count), counted(known(demo), "picture")),
                    3 * count >= 2 * known(demo)});
  return checks;
}

Demonstration embed_and_decompose(ClipEncoder& model, ModelInputs inputs, const ModelArguments& arguments, const Context& context,
                                  const DecomposeOptions& options, bool quiet) {
  const fs::path folder = arguments.images.front();
  const auto dictionary = model.dictionary_path();
  if (!dictionary) {
    throw ArgumentError(fmt::format("--model: got '{}', which has no dictionary; expected a model folder with one", arguments.model));
  }
  Demonstration demo{ConceptSpace::load(*dictionary), model.name(), std::move(inputs), {}, {}, {}, {}, 0};
  if (demo.space.dim() != model.dim()) {
    throw FileError(fmt::format("{}: found atoms of {} numbers, expected {}, as the model gives", dictionary->string(),
                                demo.space.dim(), model.dim()));
  }
  if (demo.space.image_mean().empty()) demo.space.set_image_mean(model.image_mean());
  const auto start = std::chrono::steady_clock::now();
  embed_inputs(model, demo.inputs, "demo", quiet, [&](MatrixView<const float> rows) {
    for (std::int64_t i = 0; i < rows.rows; ++i) demo.embeddings.insert(demo.embeddings.end(), rows.row(i), rows.row(i) + rows.cols);
  });
  const MatrixView<const float> raw(demo.embeddings.data(), static_cast<std::int64_t>(demo.inputs.names.size()), model.dim());
  DecomposeResult result = demo.space.decompose(context, raw, options);
  demo.file.cosine = demo.space.cosine(context, raw, result.codes);
  demo.file.codes = std::move(result.codes);
  demo.file.reports = std::move(result.reports);
  demo.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  demo.file.names = demo.inputs.names;
  const Truth truth = read_truth(folder / "truth.json");
  for (const std::string& name : demo.file.names) {
    const auto found = truth.find(fs::path(name).filename().string());
    demo.truth.push_back(found == truth.end() ? std::nullopt : std::optional(found->second));
  }
  demo.settings.dictionary = dictionary->string();
  demo.settings.model = arguments.model;
  demo.settings.l1_penalty = static_cast<double>(options.l1_penalty);
  return demo;
}

ExitCode show_pictures(const PictureDemoArguments& a, ClipEncoder& model, const ModelArguments& arguments, const SolverArguments& solver,
                       const ResourceArguments& resources, const ReportArguments& report) {
  const Context context = make_context(resources);
  const DecomposeOptions options = to_options(solver);
  ModelInputs inputs = find_inputs(arguments);
  const fs::path folder = fs::path(a.out).parent_path();
  if (!folder.empty()) make_folder(folder, "--out");
  std::vector<fs::path> taken = inputs.pictures;
  add_model_files(arguments.model, taken);
  check_output(a.out, taken);
  const Demonstration demo = embed_and_decompose(model, std::move(inputs), arguments, context, options, report.quiet);
  const std::vector<Check> checks = checks_of(demo, context, options);
  ReportPageArguments page;
  page.report = a.out;
  page.title = "Pictures, and what they are made of";
  page.truth = demo.truth;
  write_report(page, demo.space, demo.file, demo.settings, true);

  Summary summary = summarize(demo.file, demo.seconds);
  summary.device = resources.device;
  if (report.json) {
    nlohmann::ordered_json json = to_json(summary);
    json["model"] = demo.model_name;
    json["atoms"] = demo.space.size();
    json["dim"] = demo.space.dim();
    if (known(demo) > 0) json["first_is_true"] = first_is_true(demo);
    json["page"] = a.out;
    add_inputs_json(json, demo.inputs);
    json["passed"] = all_passed(checks);
    print_result(json_text(json, 2) + "\n");
  } else {
    print_result(fmt::format("{} by the model {}, {} concepts, l1_penalty {:g}{}\n\n", inputs_text(demo.inputs), printable(demo.model_name),
                             grouped(demo.space.size()), options.l1_penalty, known(demo) == 0 ? "" : "; ✓ marks what is true of the picture"));
    for (std::int64_t row = 0; row < demo.file.codes.rows; ++row) print_result(picture_line(demo, row));
    print_result("\n" + to_text(summary) + checks_text(checks));
  }
  print_note(report.quiet, "wrote " + a.out);
  return all_passed(checks) ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace

void add_picture_demo_options(CLI::App& verb, PictureDemoArguments& a) {
  verb.add_option("--model", a.model, "CLIP model with a dictionary; default: models/scene_clip of the repository")->type_name("DIR");
  verb.add_option("--pictures", a.pictures, "Pictures, with truth.json where it is known what they show; default: pictures, in the model's folder")
      ->type_name("DIR");
  verb.add_option("-o,--out", a.out, "Page to write")->type_name("FILE")->capture_default_str();
}

std::optional<ExitCode> picture_demo(const PictureDemoArguments& a, const SolverArguments& solver, const ResourceArguments& resources,
                                     const ReportArguments& report) {
  ModelArguments arguments;
  arguments.model = a.model.empty() ? shipped_model().string() : a.model;
  if (arguments.model.empty()) {
    print_note(report.quiet, "note: no model in models/scene_clip, so the demonstration goes over generated embeddings");
    return std::nullopt;
  }
  arguments.images = {a.pictures.empty() ? (fs::path(arguments.model) / "pictures").string() : a.pictures};
  const ResourceArguments settled = settled_resources(resources, report.quiet);
  std::optional<ClipEncoder> model;
  try {
    model.emplace(load_model(arguments, settled));
  } catch (const ModelsAbsentError& error) {
    if (!a.model.empty()) throw;
    print_note(report.quiet, fmt::format("note: the model can't be run here, so the demonstration goes over generated embeddings: {}",
                                         error.what()));
    return std::nullopt;
  }
  return show_pictures(a, *model, arguments, solver, settled, report);
}

}  // namespace splice_cuda::cli
