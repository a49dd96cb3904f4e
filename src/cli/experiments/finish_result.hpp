#pragma once

/// @file finish_result.hpp
/// Where a verb's result goes.

#include <cstdint>

#include "cli/exit_code.hpp"
#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/result_document.hpp"

namespace splice_cuda::cli {

/// Writes --out, then prints the document as text (at most `most_rows` rows of each table) or with --json as JSON.
/// @throws FileError
ExitCode finish_result(const ResultDocument& document, const ExperimentArguments& arguments, std::int64_t most_rows);

}  // namespace splice_cuda::cli
