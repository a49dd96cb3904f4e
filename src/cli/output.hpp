#pragma once

/// @file output.hpp
/// Results go to stdout, everything else to stderr.

#include <string>
#include <string_view>

namespace splice_cuda::cli {

/// Writes to stdout. @throws FileError (closed, full)
void print_result(std::string_view text);

/// Flushes stdout: what a full disk swallowed shows here. @throws FileError
void flush_results();

/// "splice: <text>" and a newline on stderr. Never throws.
void print_message(std::string_view text) noexcept;

/// The same unless `quiet`.
void print_note(bool quiet, std::string_view text) noexcept;

}  // namespace splice_cuda::cli
