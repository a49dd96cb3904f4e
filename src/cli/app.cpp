#include "cli/app.hpp"

#include <algorithm>
#include <string>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cli {
namespace {

void add_verbs(CLI::App& app, Run& chosen) {
  CLI::App& dictionary =
      add_group(app, "dictionary", "Build and inspect dictionaries of named concepts", "splice dictionary info dict.safetensors");
  add_dictionary_build(dictionary, chosen);
  add_dictionary_info(dictionary, chosen);
  add_dictionary_check(dictionary, chosen);
  add_embed(app, chosen);
  add_mean(app, chosen);
  add_decompose(app, chosen);
  add_recompose(app, chosen);
  add_show(app, chosen);
  add_verify(app, chosen);
  add_experiment_verbs(app, dictionary, chosen);
  add_info(app, chosen);
  add_demo(app, chosen);
}

/// CLI11 says that a verb is required, not which one was given nor which there are.
std::string parse_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || last->get_require_subcommand_min() == 0) return error.what();
  std::string verbs;
  for (const CLI::App* verb : last->get_subcommands([](const CLI::App*) { return true; })) {
    verbs += (verbs.empty() ? "" : ", ") + verb->get_name();
  }
  const std::vector<std::string> rest = last->remaining();
  return (last == &app ? "verb: got " : last->get_name() + ": got ") + (rest.empty() ? "none" : "'" + rest.front() + "'") +
         "; expected one of " + verbs + left_out_verbs();
}

int run_arguments(int argc, const char* const* argv) {
  CLI::App app("For each embedding, the few named concepts that explain it, with a proof.", "splice");
  app.set_version_flag("--version", "splice " + version(), "Print the version");
  app.require_subcommand(1);
  app.footer("Example:\n"
             "  splice decompose --dictionary dict.safetensors --embeddings images.npy --top 5\n\n" +
             exit_code_help() + "\n`splice VERB --help` explains a verb." + left_out_verbs());
  Run chosen;
  add_verbs(app, chosen);
  try {
    std::vector<std::string> arguments = normalized_arguments(argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::CallForAllHelp&) {
    print_result(app.help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForHelp&) {
    print_result(app.help());
  } catch (const CLI::CallForVersion&) {
    print_result("splice " + version() + "\n");
  } catch (const CLI::ParseError& error) {
    print_message(parse_message(app, error) + "\nRun with --help for the options and an example.");
    return static_cast<int>(ExitCode::wrong_arguments);
  }
  const ExitCode code = chosen ? chosen() : ExitCode::ok;
  flush_results();
  return static_cast<int>(code);
}

}  // namespace

void add_report_options(CLI::App& verb, ReportArguments& report) {
  verb.add_flag("--json", report.json, "Print the result as one JSON document");
  verb.add_flag("-q,--quiet", report.quiet, "No notes and no progress line on stderr; errors remain");
}

int run(int argc, const char* const* argv) noexcept {
  try {
    signals::install();
    return run_arguments(argc, argv);
  } catch (...) {
    try {
      const Failure failure = describe_failure(std::current_exception());
      print_message(failure.message);
      return failure.exit_code;
    } catch (...) {
      return static_cast<int>(ExitCode::out_of_memory);
    }
  }
}

}  // namespace splice_cuda::cli
