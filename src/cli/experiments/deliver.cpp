#include "cli/experiments/deliver.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace splice_cuda::cli {

ExitCode deliver(const ResultDocument& document, const std::string& out, const ReportArguments& report, std::int64_t most_rows) {
  signals::throw_if_stop_requested();
  if (!out.empty()) write_result(out, document);
  print_result(report.json ? json_text(to_json(document), 2) + "\n" : to_text(document, most_rows));
  if (!out.empty()) print_note(report.quiet, "wrote " + out);
  return ExitCode::ok;
}

ExitCode deliver(const ResultDocument& document, const ExperimentArguments& arguments, std::int64_t most_rows) {
  const ExitCode code = deliver(document, arguments.out, arguments.report, most_rows);
  const std::string& embeddings = arguments.sources.embeddings_out;
  if (!embeddings.empty()) print_note(arguments.report.quiet, "wrote " + embeddings);
  return code;
}

std::string with_error(double value, double standard_error) {
  if (!std::isfinite(value)) return "not defined";
  return std::isfinite(standard_error) ? fmt::format("{:.3f} ± {:.3f}", value, standard_error) : fmt::format("{:.3f}", value);
}

std::string with_error(const SampleMean& moments) { return with_error(moments.mean, moments.standard_error); }

}  // namespace splice_cuda::cli
