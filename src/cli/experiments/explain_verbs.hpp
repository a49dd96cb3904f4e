#pragma once

/// @file explain_verbs.hpp
/// Verbs that explain sets of rows by their codes.

#include "cli/verbs.hpp"

namespace splice_cuda::cli {

void add_summarize(CLI::App& app, Run& chosen);
void add_scan(CLI::App& app, Run& chosen);
void add_shift(CLI::App& app, Run& chosen);
void add_search(CLI::App& app, Run& chosen);

}  // namespace splice_cuda::cli
