#include <fmt/format.h>

#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "cli/row_names.hpp"
#include "cli/stored_codes.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct ShowArguments {
  StoredCodesArguments stored;
  std::string row = "0";
  std::int64_t top = 20;
  ReportArguments report;
};

ExitCode show(const ShowArguments& a) {
  const StoredCodes stored = read_stored_codes(a.stored);
  const std::int64_t row = find_row(stored.file, a.row, a.stored.codes);
  const ConceptSpace space = load_space_of(a.stored, stored);
  if (a.report.json) {
    print_result(json_text(row_json(space, stored.file, row, a.top), 2) + "\n");
  } else {
    print_result(row_chart(space, stored.file, row, a.top, terminal::width()));
  }
  return ExitCode::ok;
}

}  // namespace

void add_show(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("show", "Bar chart of one row's concepts");
  const auto a = std::make_shared<ShowArguments>();
  add_stored_codes_options(*verb, a->stored);
  verb->add_option("--row", a->row, "Row, from 0; or the name of a picture or text, where the codes have names")
      ->type_name("COUNT|NAME")->capture_default_str();
  add_whole_number(*verb, "--top", a->top, 1, 1000000, "Most concepts shown");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice show codes.npz --row 12 --top 8");
  verb->callback([a, &chosen] { chosen = [a] { return show(*a); }; });
}

}  // namespace splice_cuda::cli
