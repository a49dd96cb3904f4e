#include "cli/app.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

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

/// The verb that was given, or as much of it as there was.
const CLI::App& given_verb(const CLI::App& app) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  return *last;
}

/// "splice dictionary build"
std::string words_of(const CLI::App& verb) {
  return verb.get_parent() == nullptr ? verb.get_name() : words_of(*verb.get_parent()) + " " + verb.get_name();
}

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "'" : " '") + word + "'";
  return text;
}

/// An empty name is a variable of the shell that is not set, and would be taken for an option that was not given.
/// @throws ArgumentError
void check_no_empty_file(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    const std::string type = option->get_type_name();
    if (!type.starts_with("FILE") && !type.starts_with("DIR")) continue;
    for (const std::string& value : option->results()) {
      if (value.empty()) throw ArgumentError(option->get_name() + ": got ''; expected a " + (type.starts_with("DIR") ? "folder" : "file"));
    }
  }
}

/// "--out: At Most 1 required but received 2" the way that all messages go.
std::string counts_text(const std::string& message) {
  constexpr std::string_view words = " required but received ";
  const std::size_t at = message.find(words);
  const std::size_t name = message.find(": ");
  if (at == std::string::npos || name == std::string::npos || name > at) return message;
  std::string expected = message.substr(name + 2, at - name - 2);
  std::transform(expected.begin(), expected.end(), expected.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return message.substr(0, name) + ": got " + message.substr(at + words.size()) + "; expected " + expected;
}

/// CLI11 says what is wrong with a command line, but not what was given and what is expected.
std::string parse_message(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* last = &given_verb(app);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return "arguments: got " + quoted(last->remaining()) + "; expected what --help lists";
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || last->get_require_subcommand_min() == 0) return counts_text(error.what());
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
    print_message(parse_message(app, error) + "\n`" + words_of(given_verb(app)) + " --help` lists the options and has an example.");
    return static_cast<int>(ExitCode::wrong_arguments);
  }
  check_no_empty_file(given_verb(app));
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
