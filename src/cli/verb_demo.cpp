#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/demo_checks.hpp"
#include "cli/demo_problem.hpp"
#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/picture_demo.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/summary.hpp"
#include "cli/text_layout.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct DemoArguments {
  std::int64_t rows = 2000;
  std::int64_t atoms = 10000;
  std::int64_t dim = 512;
  std::int64_t seed = 1;
  SolverArguments solver;
  ResourceArguments resources;
  PictureDemoArguments pictures;
  bool synthetic = false;
  ReportArguments report;
};

/// Rows whose heaviest concepts are the very ones that the embedding was made of, in any order.
std::int64_t rows_recovered(const DemoProblem& problem, const SparseCodes& codes) {
  std::int64_t recovered = 0;
  for (std::int64_t row = 0; row < codes.rows; ++row) {
    const auto& made_of = problem.concepts[static_cast<std::size_t>(row)];
    std::vector<std::pair<float, std::int32_t>> found;
    for (std::size_t i = 0; i < codes.row_atoms(row).size(); ++i) found.emplace_back(-codes.row_values(row)[i], codes.row_atoms(row)[i]);
    std::sort(found.begin(), found.end());
    found.resize(std::min(found.size(), made_of.size()));
    recovered += std::all_of(made_of.begin(), made_of.end(), [&](std::int32_t atom) {
      return std::any_of(found.begin(), found.end(), [&](const auto& entry) { return entry.second == atom; });
    });
  }
  return recovered;
}

std::string table(const DemoProblem& problem, const io::CodesFile& file) {
  constexpr std::int64_t shown = 8;
  constexpr int names_width = 54;
  std::string text = fmt::format("{:>3}  {}  found by decompose, with weight\n", "row", fit("made of", names_width));
  for (std::int64_t row = 0; row < std::min(shown, file.codes.rows); ++row) {
    std::string names;
    for (const std::int32_t atom : problem.concepts[static_cast<std::size_t>(row)]) {
      names += (names.empty() ? "" : ", ") + problem.space.name(atom);
    }
    std::string found;
    const auto json = row_json(problem.space, file, row, 3);
    for (const auto& entry : json["concepts"]) {
      found += fmt::format("{}{} {:.2f}", found.empty() ? "" : ", ", entry["concept"].get<std::string>(), entry["weight"].get<double>());
    }
    text += fmt::format("{:>3}  {}  {}\n", row, fit(names, names_width), found);
  }
  return text;
}

ExitCode synthetic_demo(const DemoArguments& a) {
  const DemoProblem problem = make_demo_problem(a.atoms, a.dim, a.rows, static_cast<std::uint64_t>(a.seed));
  const Device device = settle_device(a.resources, a.report.quiet);
  const Context context = make_context(a.resources);
  const DecomposeOptions options = to_options(a.solver);
  const MatrixView<const float> embeddings(problem.embeddings.data(), a.rows, a.dim);
  problem.space.dictionary(context);  // built once, before the clock starts
  const auto start = std::chrono::steady_clock::now();
  DecomposeResult result = problem.space.decompose(context, embeddings, options);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  io::CodesFile file;
  file.cosine = problem.space.cosine(context, embeddings, result.codes);
  file.codes = std::move(result.codes);
  file.reports = std::move(result.reports);

  Summary summary = summarize(file, elapsed.count());
  summary.device = to_string(device);
  const std::int64_t recovered = rows_recovered(problem, file.codes);
  std::vector<Check> checks = certificate_checks(context, problem.space, embeddings, file, options);
  checks.push_back({fmt::format("the concepts each embedding was made of come first: {} of rows (at least 99%)", percent(recovered, a.rows)),
                    static_cast<double>(recovered) >= 0.99 * static_cast<double>(a.rows)});
  const bool passed = all_passed(checks);
  if (a.report.json) {
    nlohmann::ordered_json json = to_json(summary);
    json["atoms"] = problem.space.size();
    json["dim"] = a.dim;
    json["recovered"] = recovered;
    json["passed"] = passed;
    print_result(json.dump(2) + "\n");
  } else {
    print_result(fmt::format("{} embeddings of {} numbers, {} concepts, l1_penalty {:g}\n\n", grouped(a.rows), a.dim,
                             grouped(problem.space.size()), options.l1_penalty));
    print_result(table(problem, file) + "\n" + to_text(summary) + checks_text(checks));
  }
  return passed ? ExitCode::ok : ExitCode::check_failed;
}

/// @throws ArgumentError for options of the picture demo beside those of generated embeddings
void check_pictures(const DemoArguments& a) {
  const PictureDemoArguments defaults;
  const std::string option = a.pictures.model != defaults.model         ? "--model"
                             : a.pictures.pictures != defaults.pictures ? "--pictures"
                             : a.pictures.out != defaults.out           ? "--out"
                                                                        : "";
  if (!a.synthetic || option.empty()) return;
  throw ArgumentError(option + ": got it together with --synthetic, --rows, --atoms, --dim or --seed; expected only one of them, as generated "
                               "embeddings have neither pictures nor a page");
}

/// Pictures where there is a model that can be run, else generated embeddings.
ExitCode demo(const DemoArguments& a) {
  check_pictures(a);
  if (!a.synthetic) {
    if (const auto code = picture_demo(a.pictures, a.solver, a.resources, a.report)) return *code;
  }
  return synthetic_demo(a);
}

}  // namespace

void add_demo(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("demo", "Decompose the shipped pictures, or generated embeddings, with known concepts, and check the outcome");
  const auto a = std::make_shared<DemoArguments>();
  add_picture_demo_options(*verb, a->pictures);
  const auto generated = [a](CLI::Option* option) { option->each([a](const std::string&) { a->synthetic = true; }); };
  verb->add_flag("--synthetic", a->synthetic, "Generated embeddings rather than pictures; so do the four options below");
  generated(add_whole_number(*verb, "--rows", a->rows, 1, 10000000, "Embeddings to generate"));
  generated(add_whole_number(*verb, "--atoms", a->atoms, 2, 10000, "Concepts in the dictionary"));
  generated(add_whole_number(*verb, "--dim", a->dim, 2, 65536, "Length of an embedding"));
  generated(add_whole_number(*verb, "--seed", a->seed, 0, std::numeric_limits<std::int64_t>::max(), "Seed of the generator"));
  add_solver_options(*verb, a->solver);
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice demo");
  verb->callback([a, &chosen] { chosen = [a] { return demo(*a); }; });
}

}  // namespace splice_cuda::cli
