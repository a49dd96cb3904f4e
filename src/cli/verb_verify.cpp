#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/decompose_stream.hpp"
#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/stored_codes.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct VerifyArguments {
  StoredCodesArguments stored;
  std::string embeddings;
  std::string image_mean;
  bool raw = false;
  std::optional<double> l1_penalty;
  std::optional<double> gap_tolerance;
  ResourceArguments resources;
  ReportArguments report;
};

struct FailedRow {
  std::int64_t row = 0;
  double gap = 0;
  double allowed = 0;
};

struct Verdict {
  std::int64_t rows = 0;
  std::int64_t without_embedding = 0;  // NaN or infinity, and the file says so: nothing to prove
  std::int64_t contradicted = 0;       // NaN or infinity, and the file has a code or a certificate
  double largest_relative_gap = 0;     // in units of |z|^2 / 2
  std::int64_t understated = 0;        // rows whose stored gap is below the recomputed one by more than rounding
  std::vector<FailedRow> failed;
};

double half_square(MatrixView<const float> z, std::int64_t row) {
  double sum = 0;
  for (std::int64_t k = 0; k < z.cols; ++k) sum += static_cast<double>(z.row(row)[k]) * static_cast<double>(z.row(row)[k]);
  return sum / 2;
}

/// Whether the file says of a row that it has no embedding; a foreign file says nothing but the code.
bool stored_as_non_finite(const io::CodesFile& file, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  return file.codes.l0(row) == 0 && (at >= file.reports.size() || file.reports[at].status == RowStatus::non_finite_input);
}

void judge_row(Verdict& verdict, const io::CodesFile& file, std::int64_t row, double half_z, const RowReport& report,
               double tolerance) {
  ++verdict.rows;
  if (report.status == RowStatus::non_finite_input) {
    ++(stored_as_non_finite(file, row) ? verdict.without_embedding : verdict.contradicted);
    return;
  }
  const auto at = static_cast<std::size_t>(row);
  // fp64 rounding of two summation orders; anything beyond is a lie of the file.
  if (at < file.reports.size() && !(report.gap <= file.reports[at].gap + 1e-12 * half_z)) ++verdict.understated;
  if (half_z > 0) verdict.largest_relative_gap = std::max(verdict.largest_relative_gap, report.gap / half_z);
  const double allowed = tolerance * half_z;
  if (!(report.gap <= allowed)) verdict.failed.push_back({row, report.gap, allowed});
}

/// Every row's penalty is in the file.
bool names_penalties(const io::CodesFile& file) {
  return static_cast<std::int64_t>(file.reports.size()) == file.codes.rows &&
         std::all_of(file.reports.begin(), file.reports.end(), [](const RowReport& report) { return report.l1_penalty > 0; });
}

/// Those of the rows, unless the command line names one for all.
std::vector<float> penalties_of(const VerifyArguments& a, const io::CodesFile& file) {
  std::vector<float> penalties;
  if (a.l1_penalty || !names_penalties(file)) return penalties;
  for (const RowReport& report : file.reports) penalties.push_back(static_cast<float>(report.l1_penalty));
  return penalties;
}

/// The options of the run, with what the command line says in their place.
RunSettings settle(const VerifyArguments& a, const io::CodesFile& file, const RunSettings& stored) {
  RunSettings settings = stored;
  if (!a.embeddings.empty()) settings.embeddings = a.embeddings;
  if (a.l1_penalty) settings.l1_penalty = a.l1_penalty;
  if (a.gap_tolerance) settings.gap_tolerance = *a.gap_tolerance;
  settings.raw = settings.raw || a.raw;
  if (settings.embeddings.empty()) {
    throw ArgumentError(fmt::format("--embeddings: got none, and '{}' names none; expected the embeddings of these codes", a.stored.codes));
  }
  if (!settings.l1_penalty && !names_penalties(file)) {
    throw ArgumentError(fmt::format("--l1-penalty: got none, and '{}' names none; expected the penalty of these codes", a.stored.codes));
  }
  if (settings.refit) {
    throw ArgumentError(fmt::format("codes: got '{}', which holds refitted weights (--refit): they no longer minimise the "
                                    "penalised objective; expected codes made without --refit", a.stored.codes));
  }
  return settings;
}

std::string verdict_text(const Verdict& verdict, double tolerance) {
  constexpr std::size_t most_listed = 20;
  const auto failed = static_cast<std::int64_t>(verdict.failed.size());
  const std::int64_t within = verdict.rows - failed - verdict.without_embedding - verdict.contradicted;
  std::string text = fmt::format("{} recomputed in fp64 over every atom: {} within tolerance {:g}, largest gap {:.2e} of |z|^2/2\n",
                                 counted(verdict.rows, "row"), grouped(within), tolerance, verdict.largest_relative_gap);
  const auto add = [&](std::int64_t rows, const char* what) {
    if (rows > 0) text += fmt::format("{} {}\n", counted(rows, "row"), what);
  };
  add(verdict.without_embedding, "with NaN or infinity: nothing to prove");
  add(verdict.contradicted, "FAILED: NaN or infinity in the embedding, but the file has a code or a certificate for it");
  add(verdict.understated, "FAILED: the stored gap is smaller than the true one");
  for (std::size_t i = 0; i < std::min(most_listed, verdict.failed.size()); ++i) {
    const FailedRow& f = verdict.failed[i];
    text += fmt::format("row {} FAILED: gap {:.3e}, allowed {:.3e}\n", f.row, f.gap, f.allowed);
  }
  if (verdict.failed.size() > most_listed) {
    text += fmt::format("and {} more FAILED (--json lists all)\n", counted(failed - static_cast<std::int64_t>(most_listed), "row"));
  }
  return text;
}

nlohmann::ordered_json verdict_json(const Verdict& verdict, double tolerance) {
  nlohmann::ordered_json json;
  json["rows"] = verdict.rows;
  json["gap_tolerance"] = tolerance;
  json["largest_relative_gap"] = verdict.largest_relative_gap;
  json["non_finite_input"] = verdict.without_embedding;
  json["understated"] = verdict.understated;
  json["contradicted"] = verdict.contradicted;
  json["failed"] = nlohmann::ordered_json::array();
  for (const FailedRow& f : verdict.failed) json["failed"].push_back({{"row", f.row}, {"gap", f.gap}, {"allowed", f.allowed}});
  return json;
}

ExitCode verify(const VerifyArguments& a) {
  const StoredCodes stored = read_stored_codes(a.stored);
  const RunSettings settings = settle(a, stored.file, stored.settings);
  ConceptSpace space = load_space_of(a.stored, stored);
  if (!a.image_mean.empty()) space.set_image_mean(read_mean(a.image_mean, space.dim(), "the atoms"));
  const auto open = [&] { return io::EmbeddingSource::open(settings.embeddings); };
  const auto source = a.embeddings.empty() ? named_by_codes(a.stored.codes, "--embeddings", open) : open();
  check_same_dim(settings.embeddings, source->dim(), dictionary_of(a.stored, stored), space.dim());
  check_code_shape(a.stored.codes, stored.file.codes.rows, "rows", source->rows());

  SolverArguments solver;
  solver.l1_penalty = settings.l1_penalty;
  solver.gap_tolerance = settings.gap_tolerance;
  StreamRequest request{space, stream_of(*source), to_options(solver), {}, a.resources, a.report.quiet};
  request.options.nonnegative = settings.nonnegative;
  request.prepare.normalize = !settings.raw;
  std::vector<std::int32_t> banned;
  for (const std::string& name : settings.banned) banned.push_back(space.at(name));
  request.options.banned_atoms = banned;

  Verdict verdict;
  certify_stream(request, stored.file.codes, penalties_of(a, stored.file), [&](std::int64_t first, MatrixView<const float> z, const std::vector<RowReport>& reports) {
    for (std::int64_t i = 0; i < z.rows; ++i) {
      const RowReport& report = reports[static_cast<std::size_t>(i)];
      const double half_z = half_square(z, i);
      judge_row(verdict, stored.file, first + i, half_z, report, settings.gap_tolerance);
    }
  });
  print_result(a.report.json ? verdict_json(verdict, settings.gap_tolerance).dump(2) + "\n" : verdict_text(verdict, settings.gap_tolerance));
  return verdict.failed.empty() && verdict.understated == 0 && verdict.contradicted == 0 ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace

void add_verify(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("verify", "Recompute every certificate by brute force in fp64; exit 1 if a row fails");
  const auto a = std::make_shared<VerifyArguments>();
  add_stored_codes_options(*verb, a->stored);
  verb->add_option("-e,--embeddings", a->embeddings, "Embeddings; default: those that the file names")->type_name("PATH");
  verb->add_option("--image-mean", a->image_mean, "Mean that was subtracted (.npy); default: the one in the file")->type_name("FILE");
  verb->add_flag("--raw", a->raw, "Rows were used exactly as given (known for codes of ours)");
  add_positive_number(*verb, "--l1-penalty,--l1_penalty", a->l1_penalty, "", "Penalty of all rows; default: those that the file names");
  add_positive_number(*verb, "--gap-tolerance", a->gap_tolerance, "", "Tolerance; default: the one that the file names");
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice verify codes.npz");
  verb->callback([a, &chosen] { chosen = [a] { return verify(*a); }; });
}

}  // namespace splice_cuda::cli
