#include "cli/app.hpp"

#include <algorithm>
#include <string>

#include "cli/argument_parsing.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

void add_verbs(CLI::App& app, Run& chosen) {
  CLI::App* dictionary = app.add_subcommand("dictionary", "Build and inspect dictionaries of named concepts");
  dictionary->require_subcommand(1);
  add_dictionary_build(*dictionary, chosen);
  add_dictionary_info(*dictionary, chosen);
  add_dictionary_check(*dictionary, chosen);
  add_decompose(app, chosen);
  add_recompose(app, chosen);
  add_show(app, chosen);
  add_verify(app, chosen);
  add_info(app, chosen);
  add_demo(app, chosen);
}
/// CLI11 only says that a verb is missing where the one given is unknown.
void check_verb(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return;
  std::string known;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_name() == arguments.front()) return;
    known += (known.empty() ? "" : ", ") + verb->get_name();
  }
  throw ArgumentError("verb: got '" + arguments.front() + "'; expected one of " + known);
}

int run_arguments(int argc, const char* const* argv) {
  CLI::App app("For each embedding, the few named concepts that explain it, with a proof.", "splice");
  app.set_version_flag("--version", "splice " + version(), "Print the version");
  app.require_subcommand(1);
  app.footer("Example:\n"
             "  splice decompose --dictionary dict.safetensors --embeddings images.npy --top 5\n\n" +
             exit_code_help() + "\n`splice VERB --help` explains a verb.");
  Run chosen;
  add_verbs(app, chosen);
  try {
    std::vector<std::string> arguments = normalized_arguments(argc, argv);
    check_verb(app, arguments);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::CallForAllHelp&) {
    print_result(app.help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForHelp&) {
    print_result(app.help());
  } catch (const CLI::CallForVersion&) {
    print_result("splice " + version() + "\n");
  } catch (const CLI::ParseError& error) {
    print_message(std::string(error.what()) + "\nRun with --help for the options and an example.");
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
