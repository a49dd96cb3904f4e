#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/progress_line.hpp"
#include "cli/signals.hpp"
#include "cli/stored_codes.hpp"
#include "cli/verbs.hpp"
#include "core/code_rows.hpp"
#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "splice_cuda/recompose.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t recomposed_at_once = 8192;

struct RecomposeArguments {
  StoredCodesArguments stored;
  std::string out;
  bool raw = false;
  ResourceArguments resources;
  ReportArguments report;
};

ExitCode recompose_file(const RecomposeArguments& a) {
  const StoredCodes stored = read_stored_codes(a.stored);
  const SparseCodes& codes = stored.file.codes;
  const ConceptSpace space = load_space_of(a.stored, stored);
  check_output(a.out, {a.stored.codes, a.stored.dictionary, stored.settings.dictionary, stored.settings.embeddings});
  const bool raw = a.raw || stored.settings.raw;
  const Context context = make_context(a.resources);
  io::AtomicFile file(a.out);
  file.write(io::npy_header(io::NpyType::float32, std::array{codes.rows, space.dim()}));
  std::vector<float> buffer(static_cast<std::size_t>(std::min(codes.rows, recomposed_at_once) * space.dim()));
  ProgressLine progress("recompose", codes.rows, a.report.quiet);
  for (std::int64_t first = 0; first < codes.rows; first += recomposed_at_once) {
    signals::throw_if_stop_requested();
    const std::int64_t count = std::min(recomposed_at_once, codes.rows - first);
    const MatrixView<float> block(buffer.data(), count, space.dim());
    const SparseCodes part = slice_rows(codes, first, count);
    if (raw) {
      recompose(context, space.dictionary(context), part, block);
    } else {
      space.recompose(context, part, block);
    }
    file.write(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(count * space.dim()))));
    progress.update(first + count);
  }
  signals::throw_if_stop_requested();
  file.commit();
  if (a.report.json) {
    print_result(fmt::format("{{\"rows\": {}, \"dim\": {}}}\n", codes.rows, space.dim()));
  } else {
    print_result(fmt::format("{} of {}\n", counted(codes.rows, "row"), counted(space.dim(), "number")));
  }
  print_note(a.report.quiet, "wrote " + a.out);
  return ExitCode::ok;
}

}  // namespace

void add_recompose(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("recompose", "Turn codes back into embeddings (.npy, float32)");
  const auto a = std::make_shared<RecomposeArguments>();
  add_stored_codes_options(*verb, a->stored);
  verb->add_option("-o,--out", a->out, "Write unit embeddings [n, d] here (.npy)")->type_name("FILE")->required();
  verb->add_flag("--raw", a->raw, "Only C'w: no normalising, no mean added (always so for codes made with --raw)");
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice recompose codes.npz --out recomposed.npy");
  verb->callback([a, &chosen] { chosen = [a] { return recompose_file(*a); }; });
}

}  // namespace splice_cuda::cli
