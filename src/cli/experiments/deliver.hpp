#pragma once

/// @file deliver.hpp
/// Where the result of an experiment goes.

#include <cstdint>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/experiments/result_document.hpp"
#include "cli/verbs.hpp"

namespace splice_cuda::cli {

/// Writes --out, where it is given, then prints the document as text or, with --json, as JSON. @throws FileError
ExitCode deliver(const ResultDocument& document, const std::string& out, const ReportArguments& report, std::int64_t most_rows = 40);

}  // namespace splice_cuda::cli
