#pragma once

/// @file exit_code.hpp
/// What the command returns to the shell.

#include <exception>
#include <string>

namespace splice_cuda::cli {

enum class ExitCode : int {
  ok = 0,
  check_failed = 1,
  wrong_arguments = 2,
  file_error = 3,
  out_of_memory = 4,
  device_error = 5,
  internal_error = 70,
  // 128 + signal number where a signal stopped the command: 130 for Ctrl-C, 143 for SIGTERM.
};

/// The table of the --help footer.
std::string exit_code_help();

struct Failure {
  int exit_code = 0;
  std::string message;  ///< without "splice: "
};

/// Exit code and message of what a verb threw. Never throws but for lack of memory.
Failure describe_failure(const std::exception_ptr& error);

}  // namespace splice_cuda::cli
