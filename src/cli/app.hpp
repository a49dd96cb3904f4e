#pragma once

/// @file app.hpp
/// The command line: verbs, help, and the way from an exception to an exit code.

namespace splice_cuda::cli {

/// Runs the command. Returns its exit code (exit_code.hpp); nothing is thrown.
int run(int argc, const char* const* argv) noexcept;

}  // namespace splice_cuda::cli
