#pragma once

/// @file deliver.hpp
/// Where the result of an experiment goes.

#include <cstdint>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/experiments/experiment_inputs.hpp"
#include "cli/experiments/result_document.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda::cli {

/// Writes --out, where it is given, then prints the document as text (at most `most_rows` rows of each table) or, with --json, as JSON. @throws FileError
ExitCode deliver(const ResultDocument& document, const std::string& out, const ReportArguments& report, std::int64_t most_rows = 40);
/// The same, and a word on --embeddings-out, which the walk has written.
ExitCode deliver(const ResultDocument& document, const ExperimentArguments& arguments, std::int64_t most_rows);

/// "0.902 ± 0.009", or the mean alone where it has no error, or "not defined".
std::string with_error(double value, double standard_error);
std::string with_error(const SampleMean& moments);

}  // namespace splice_cuda::cli
