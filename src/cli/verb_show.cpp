#include <fmt/format.h>

#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/stored_codes.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct Arguments {
  StoredCodesArguments stored;
  std::int64_t row = 0;
  std::int64_t top = 20;
  ReportArguments report;
};

ExitCode show(const Arguments& a) {
  const StoredCodes stored = read_stored_codes(a.stored);
  if (a.row >= stored.file.codes.rows) {
    throw ArgumentError(fmt::format("--row: got {}; expected a row of '{}', which has {} (the first is 0)", a.row,
                                    a.stored.codes, stored.file.codes.rows));
  }
  const ConceptSpace space = load_space_of(a.stored, stored);
  if (a.report.json) {
    print_result(row_json(space, stored.file, a.row, a.top).dump(2) + "\n");
  } else {
    print_result(row_chart(space, stored.file, a.row, a.top, terminal::width()));
  }
  return ExitCode::ok;
}

}  // namespace

void add_show(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("show", "Bar chart of one row's concepts");
  const auto a = std::make_shared<Arguments>();
  add_stored_codes_options(*verb, a->stored);
  add_whole_number(*verb, "--row", a->row, 0, std::numeric_limits<std::int64_t>::max(), "Row of the embeddings, from 0");
  add_whole_number(*verb, "--top", a->top, 1, 1000000, "Most concepts shown");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice show codes.npz --row 12 --top 8");
  verb->callback([a, &chosen] { chosen = [a] { return show(*a); }; });
}

}  // namespace splice_cuda::cli
