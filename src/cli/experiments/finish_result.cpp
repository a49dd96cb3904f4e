#include "cli/experiments/finish_result.hpp"

#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace splice_cuda::cli {

ExitCode finish_result(const ResultDocument& document, const ExperimentArguments& arguments, std::int64_t most_rows) {
  signals::throw_if_stop_requested();
  if (!arguments.out.empty()) write_result(arguments.out, document);
  print_result(arguments.report.json ? json_text(to_json(document), 2) + "\n" : to_text(document, most_rows));
  for (const std::string& out : {arguments.out, arguments.sources.embeddings_out}) {
    if (!out.empty()) print_note(arguments.report.quiet, "wrote " + out);
  }
  return ExitCode::ok;
}

}  // namespace splice_cuda::cli
