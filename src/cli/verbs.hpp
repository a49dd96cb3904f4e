#pragma once

/// @file verbs.hpp
/// Each verb adds its options and, once chosen on the command line, leaves what to run.

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/exit_code.hpp"

namespace splice_cuda::cli {

using Run = std::function<ExitCode()>;

// Options are checked while they are parsed; `chosen` is set by the verb that was named, and runs afterwards.
void add_decompose(CLI::App& app, Run& chosen);
void add_recompose(CLI::App& app, Run& chosen);
void add_show(CLI::App& app, Run& chosen);
void add_verify(CLI::App& app, Run& chosen);
void add_embed(CLI::App& app, Run& chosen);
void add_mean(CLI::App& app, Run& chosen);
void add_info(CLI::App& app, Run& chosen);
void add_demo(CLI::App& app, Run& chosen);
void add_dictionary_build(CLI::App& dictionary, Run& chosen);
void add_dictionary_info(CLI::App& dictionary, Run& chosen);
void add_dictionary_check(CLI::App& dictionary, Run& chosen);

/// Options that each verb has.
struct ReportArguments {
  bool json = false;
  bool quiet = false;
};
void add_report_options(CLI::App& verb, ReportArguments& report);

}  // namespace splice_cuda::cli
