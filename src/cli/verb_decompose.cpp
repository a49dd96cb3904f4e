#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "cli/decompose_inputs.hpp"
#include "cli/decompose_stream.hpp"
#include "cli/argument_parsing.hpp"
#include "cli/listing.hpp"
#include "cli/mean_choice.hpp"
#include "cli/output.hpp"
#include "cli/penalty_path.hpp"
#include "cli/report/report_page.hpp"
#include "cli/run_settings.hpp"
#include "cli/signals.hpp"
#include "cli/summary.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct DecomposeArguments {
  DecomposeSources sources;
  std::string out;
  ReportPageArguments page;
  MeanArguments mean;
  bool signed_weights = false;
  bool refit = false;
  std::vector<std::string> banned;
  std::int64_t target_l0 = 0;  // 0: none
  std::optional<double> target_cosine;
  std::vector<float> path;
  std::int64_t top = 0;  // 0: 10 without --out, none with it
  SolverArguments solver;
  ResourceArguments resources;
  ReportArguments report;
};

RunSettings settings_of(const DecomposeArguments& a, const DecomposeInputs& inputs, const ConceptSpace& space, const DecomposeOptions& options) {
  RunSettings settings = inputs.run_settings(space, options, a.mean.raw);
  settings.banned = a.banned;
  return settings;
}

void print_rows(const DecomposeArguments& a, const DecomposeInputs& inputs, const ConceptSpace& space, const io::CodesFile& file, const Summary& summary) {
  const std::int64_t top = a.top > 0 ? a.top : 10;
  const bool rows = a.top > 0 || a.out.empty();
  if (a.report.json) {
    // Row by row: a million rows as one JSON value would not fit in memory.
    nlohmann::ordered_json json = to_json(summary);
    inputs.add_json(json);
    print_result("{\"summary\": " + json_text(json) + ",\n\"rows\": [");
    for (std::int64_t row = 0; rows && row < file.codes.rows; ++row) {
      signals::throw_if_stop_requested();
      print_result((row == 0 ? "\n" : ",\n") + json_text(row_json(space, file, row, top)));
    }
    print_result("\n]}\n");
    return;
  }
  for (std::int64_t row = 0; rows && row < file.codes.rows; ++row) {
    signals::throw_if_stop_requested();
    print_result(row_line(space, file, row, top));
  }
  print_result(to_text(summary) + inputs.text());
}

/// Of a penalty, a target and a path, one says which problem is solved.
void check_one_problem(const DecomposeArguments& a) {
  std::vector<std::string> given;
  if (a.solver.l1_penalty) given.push_back("--l1-penalty");
  if (a.target_l0 > 0) given.push_back("--target-l0");
  if (a.target_cosine) given.push_back("--target-cosine");
  if (!a.path.empty()) given.push_back("--l1-path");
  if (given.size() > 1) {
    throw ArgumentError(fmt::format("{}: got it together with {}; expected only one of --l1-penalty, --target-l0, "
                                    "--target-cosine and --l1-path", given[1], given[0]));
  }
  if (a.target_cosine && !(static_cast<float>(*a.target_cosine) > 0 && static_cast<float>(*a.target_cosine) < 1)) {
    throw ArgumentError(fmt::format("--target-cosine: got {}; expected a number between 0 and 1", *a.target_cosine));
  }
  check_follows_paths(a.solver, a.target_l0 > 0 || a.target_cosine ? given[0] : "");
  if (!a.path.empty() && a.top > 0) {
    throw ArgumentError(fmt::format("--top: got {} together with --l1-path; expected 0, as a path prints one line a penalty "
                                    "(splice show prints rows of its files)", a.top));
  }
}

/// Where the codes go: one file, or one a penalty.
std::vector<std::filesystem::path> outputs_of(const DecomposeArguments& a) {
  if (a.out.empty()) return {};
  if (a.path.empty()) return {a.out};
  std::vector<std::filesystem::path> outputs;
  for (const float penalty : a.path) outputs.push_back(path_of_penalty(a.out, penalty));
  return outputs;
}

ExitCode decompose_at_path(const DecomposeArguments& a, DecomposeInputs& inputs, const ConceptSpace& space, StreamRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<io::CodesFile> files = decompose_path_stream(request, a.path);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  signals::throw_if_stop_requested();
  const std::vector<std::filesystem::path> outputs = outputs_of(a);
  RunSettings settings;
  if (!outputs.empty()) settings = settings_of(a, inputs, space, request.options);
  std::vector<Summary> summaries;
  for (std::size_t i = 0; i < files.size(); ++i) {
    signals::throw_if_stop_requested();  // files that are written stay
    summaries.push_back(summarize(files[i], seconds));
    summaries.back().device = request.resources.device;
    if (outputs.empty()) continue;
    settings.l1_penalty = static_cast<double>(a.path[i]);
    files[i].names = inputs.names();
    files[i].options_json = to_json_text(settings);
    io::write_codes(outputs[i], files[i]);
  }
  print_result(a.report.json ? json_text(path_json(a.path, summaries, a.out, seconds), 2) + "\n" : path_table(a.path, summaries, seconds));
  for (const std::filesystem::path& out : outputs) print_note(a.report.quiet, "wrote " + out.string());
  return ExitCode::ok;
}

ExitCode decompose_files(const DecomposeArguments& a) {
  check_one_problem(a);
  check_report_page_options(a.page);
  check_sources(a.sources, a.mean.image_mean);
  if (!a.page.report.empty() && !a.path.empty()) {
    throw ArgumentError(fmt::format("--report: got '{}' together with --l1-path; expected one penalty, as a page shows one code a row",
                                    a.page.report));
  }
  const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
  DecomposeInputs inputs(a.sources, resources, a.report.quiet);
  ConceptSpace space = ConceptSpace::load(inputs.dictionary());
  inputs.check_fits(space);
  std::vector<OutputFile> outputs;
  for (const std::filesystem::path& out : outputs_of(a)) outputs.push_back({"--out", out});
  if (!a.sources.embeddings_out.empty()) outputs.push_back({"--embeddings-out", a.sources.embeddings_out});
  if (!a.page.report.empty()) outputs.push_back({"--report", a.page.report});
  std::vector<std::filesystem::path> taken;
  if (!a.mean.image_mean.empty()) taken.emplace_back(a.mean.image_mean);
  inputs.check_outputs(outputs, std::move(taken));
  settle_image_mean(a.mean, inputs, space, a.report.quiet);

  StreamRequest request{space, inputs.stream(), to_options(a.solver), {}, resources, a.report.quiet};
  request.options.nonnegative = !a.signed_weights;
  request.options.refit = a.refit;
  request.options.target_l0 = static_cast<std::int32_t>(a.target_l0);
  if (a.target_cosine) request.options.target_cosine = static_cast<float>(*a.target_cosine);
  request.prepare.normalize = !a.mean.raw;
  std::vector<std::int32_t> banned;
  for (const std::string& name : a.banned) banned.push_back(named_atom(space, "--ban", name));
  request.options.banned_atoms = banned;
  if (!a.path.empty()) return decompose_at_path(a, inputs, space, request);

  const auto start = std::chrono::steady_clock::now();
  io::CodesFile file = decompose_stream(request);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  signals::throw_if_stop_requested();
  file.names = inputs.names();
  // Settings hold the dictionary's SHA-256, for which all of it is read: for files alone.
  if (!a.out.empty() || !a.page.report.empty()) {
    const RunSettings settings = settings_of(a, inputs, space, request.options);
    file.options_json = to_json_text(settings);
    // The codes first: they are what took the time.
    if (!a.out.empty()) io::write_codes(a.out, file);
    if (!a.page.report.empty()) write_report(a.page, space, file, settings, inputs.pictures());
  }
  Summary summary = summarize(file, elapsed.count());
  summary.device = resources.device;
  print_rows(a, inputs, space, file, summary);
  for (const std::string& out : {a.out, a.sources.embeddings_out, a.page.report}) {
    if (!out.empty()) print_note(a.report.quiet, "wrote " + out);
  }
  return ExitCode::ok;
}

}  // namespace

void add_decompose(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("decompose", "Explain each embedding by a few concepts, with a proof");
  const auto a = std::make_shared<DecomposeArguments>();
  add_decompose_sources(*verb, a->sources);
  verb->add_option("-o,--out,--out_path", a->out, "Write codes here (.npz; scipy.sparse.load_npz reads it)")->type_name("FILE");
  add_solver_options(*verb, a->solver);
  add_whole_number(*verb, "--target-l0", a->target_l0, 1, 0x7fffffff,
                   "At most this many concepts a row, each row at the smallest penalty before one more enters")->default_str("");
  add_positive_number(*verb, "--target-cosine", a->target_cosine, "",
                      "Each row at the largest penalty where the cosine of C'w and z is this; between 0 and 1");
  add_penalty_path(*verb, "--l1-path", a->path,
                   "Solve at each of these penalties, largest first; --out X.npz writes X-l1-0.3.npz, ...");
  add_mean_options(*verb, a->mean);
  verb->add_option("--ban", a->banned, "A concept that must not be used (repeatable)")->type_name("CONCEPT")->allow_extra_args(false);
  verb->add_flag("--signed", a->signed_weights, "Allow weights of either sign (the ablation)");
  verb->add_flag("--refit", a->refit, "Least squares on each row's support afterwards");
  add_report_page_options(*verb, a->page);
  add_resource_options(*verb, a->resources);
  add_whole_number(*verb, "--top", a->top, 0, 1000000, "Print this many concepts of each row; 0 = 10 without --out, none with it");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice decompose --dictionary dict.safetensors --embeddings images.npy --l1-penalty 0.1 --top 5 --out codes.npz");
  verb->callback([a, &chosen] { chosen = [a] { return decompose_files(*a); }; });
}

}  // namespace splice_cuda::cli
