#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/folders.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/report/code_documents.hpp"
#include "cli/report/read_result.hpp"
#include "cli/report/result_page.hpp"
#include "cli/report/table_csv.hpp"
#include "cli/stored_codes.hpp"
#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

namespace fs = std::filesystem;

struct ResultReportArguments {
  std::vector<std::string> results;
  StoredCodesArguments codes;
  bool pictures = false;
  std::string health;
  std::int64_t pairs = 50;
  std::string title = "Results";
  std::string tables_out;
  std::string out;
  std::int64_t concepts = 10;
  PageLimits limits;
  ResourceArguments resources;
  ReportArguments report;
};

struct CsvFile {
  fs::path path;
  const ResultTable* table;
};

/// One name a table: "summary_classes.csv" of summary.json; a second summary.json has "summary-2_classes.csv", and so has a document one of whose
/// names another's has already: key "b_c" of a.json, "c" of a_b.json.
std::vector<CsvFile> csv_files(const fs::path& folder, const std::vector<PageDocument>& documents) {
  std::vector<CsvFile> files;
  std::set<std::string> stems;
  std::set<std::string> names;
  for (const PageDocument& item : documents) {
    const std::string stem = item.path.stem().string();
    std::string name = stem;
    const auto is_taken = [&] {
      const std::vector<ResultTable>& tables = item.document.tables;
      return stems.contains(name) ||
             std::any_of(tables.begin(), tables.end(), [&](const ResultTable& table) { return names.contains(name + "_" + table.key); });
    };
    for (int i = 2; is_taken(); ++i) name = fmt::format("{}-{}", stem, i);
    stems.insert(name);
    for (const ResultTable& table : item.document.tables) {
      const std::string& full = *names.insert(name + "_" + table.key).first;
      files.push_back({folder / (full + ".csv"), &table});
    }
  }
  return files;
}

/// All are written before the first takes its place.
void write_tables(const std::vector<CsvFile>& files) {
  std::vector<io::AtomicFile> written;
  for (const CsvFile& file : files) {
    written.emplace_back(file.path);
    written.back().write(csv_text(*file.table));
  }
  for (io::AtomicFile& file : written) file.commit();
}

void check_arguments(const ResultReportArguments& a) {
  if (a.results.empty() && a.codes.codes.empty() && a.health.empty()) {
    throw ArgumentError("results: got none; expected result documents (.json), --codes or --health");
  }
  if (a.health.empty() && a.pairs != ResultReportArguments{}.pairs) {
    throw ArgumentError(fmt::format("--pairs: got {} and no --health; expected the dictionary whose pairs are listed", a.pairs));
  }
  if (a.codes.codes.empty() && a.pictures) throw ArgumentError("--pictures: got no --codes; expected codes whose names are paths of pictures");
  if (a.codes.codes.empty() && !a.codes.dictionary.empty()) throw ArgumentError("--dictionary: got no --codes; expected the codes that it names the concepts of");
}

/// @throws ArgumentError for --pictures of rows that have none
void check_pictures(const ResultReportArguments& a, const StoredCodes& stored) {
  if (!a.pictures || (!stored.file.names.empty() && !names_are_texts(stored))) return;
  throw ArgumentError(fmt::format("--pictures: got it for '{}', whose rows {}; expected codes whose names are paths of pictures", a.codes.codes,
                                  stored.file.names.empty() ? "have no names" : "are texts"));
}

/// Files that the page is made of, those that documents and codes name included.
std::vector<fs::path> files_of(const ResultReportArguments& a, const std::vector<PageDocument>& documents, const StoredCodes* stored) {
  std::vector<fs::path> files = picture_places(documents);
  files.insert(files.end(), a.results.begin(), a.results.end());
  for (const std::string& file : {a.codes.codes, a.codes.dictionary, a.health}) {
    if (!file.empty()) files.emplace_back(file);
  }
  if (stored == nullptr) return files;
  for (const std::string& file : {stored->settings.dictionary, stored->settings.embeddings}) {
    if (!file.empty()) files.emplace_back(file);
  }
  if (a.pictures) files.insert(files.end(), stored->file.names.begin(), stored->file.names.end());
  return files;
}

ExitCode report(const ResultReportArguments& a) {
  check_arguments(a);
  ResultPage page{a.title, {}, {}, a.limits};
  for (const std::string& path : a.results) page.documents.push_back({read_result(path), path});
  std::optional<StoredCodes> stored;
  std::optional<ConceptSpace> space;
  if (!a.codes.codes.empty()) stored = read_stored_codes(a.codes);
  if (stored) check_pictures(a, *stored);
  std::vector<fs::path> inputs = files_of(a, page.documents, stored ? &*stored : nullptr);
  check_output(a.out, inputs);
  if (stored) {
    space = load_space_of(a.codes, *stored);
    page.documents.push_back({codes_document(*space, stored->file), "codes"});
    page.cards.emplace(RowCards{*space, stored->file, a.pictures, a.limits.pictures, a.concepts, 3});
  }
  if (!a.health.empty()) {
    const ConceptSpace examined = ConceptSpace::load(a.health);
    const DictionaryHealth health = examine_dictionary(make_context(settled_resources(a.resources, a.report.quiet)), examined, a.pairs);
    std::optional<ConceptShares> shares;
    if (stored) shares = concept_shares(*space, stored->file);
    page.documents.push_back({health_document(examined, health, shares ? &*shares : nullptr), "dictionary"});
  }
  std::vector<CsvFile> tables;
  if (!a.tables_out.empty()) {
    make_folder(a.tables_out, "--tables-out");
    tables = csv_files(a.tables_out, page.documents);
    for (const CsvFile& file : tables) {
      if (same_place(file.path, a.out)) {
        throw ArgumentError(fmt::format("--out: got '{}', which is a table of --tables-out; expected another file", a.out));
      }
      check_output(file.path, inputs);
    }
  }
  const ResultHtml html = result_html(page);
  io::AtomicFile file(a.out);
  file.write(html.html);
  write_tables(tables);
  file.commit();
  if (!html.charts) print_note(a.report.quiet, "note: this splice was built without Vega (libjs-vega); the page has tables and no charts");
  if (html.missing > 0) print_note(a.report.quiet, fmt::format("note: {} could not be read; the page says why", counted(html.missing, "picture")));
  const auto bytes = static_cast<std::int64_t>(html.html.size());
  if (a.report.json) {
    const nlohmann::ordered_json json = {{"out", a.out}, {"bytes", bytes}, {"documents", page.documents.size()}, {"charts", html.charts},
                                         {"pictures", html.pictures}, {"missing_pictures", html.missing}, {"tables_written", tables.size()}};
    print_result(json_text(json, 2) + "\n");
  } else {
    print_result(fmt::format("{}: {}, {} KiB{}\n", a.out, counted(static_cast<std::int64_t>(page.documents.size()), "result"), grouped((bytes + 1023) / 1024),
                             tables.empty() ? "" : fmt::format("; {} in {}", counted(static_cast<std::int64_t>(tables.size()), "table"), a.tables_out)));
  }
  return ExitCode::ok;
}

}  // namespace

void add_report(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("report", "One page of result documents and codes: charts, tables, pictures");
  const auto a = std::make_shared<ResultReportArguments>();
  verb->add_option("results", a->results, "Result documents that experiments wrote with --out (.json)")->type_name("FILE...");
  verb->add_option("--codes", a->codes.codes, "What splice decompose wrote (.npz): distributions, and rows as cards")->type_name("FILE");
  verb->add_option("-d,--dictionary", a->codes.dictionary, "Dictionary of the codes; default: the one that they name")->type_name("FILE");
  verb->add_flag("--pictures", a->pictures, "The codes' names are paths of pictures: show them");
  verb->add_option("--health", a->health, "Dictionary to examine: nearest pairs, effective rank")->type_name("FILE");
  add_whole_number(*verb, "--pairs", a->pairs, 0, 10000, "Nearest pairs listed of --health");
  verb->add_option("--title", a->title, "Title of the page")->type_name("TEXT")->capture_default_str();
  verb->add_option("--tables-out", a->tables_out, "Write each table as .csv into this folder")->type_name("DIR");
  add_whole_number(*verb, "--top", a->concepts, 1, 1000000, "Most concepts a card");
  add_whole_number(*verb, "--report-limit", a->limits.pictures, 1, 1000000, "Most cards, and most pictures in tables");
  add_whole_number(*verb, "--table-limit", a->limits.table_rows, 1, 1000000, "Most rows of a table on the page (--tables-out has all)");
  verb->add_option("-o,--out", a->out, "Page to write (.html, self-contained)")->type_name("FILE")->required();
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice report summary.json shift.json --title \"Birds\" --out report.html");
  verb->callback([a, &chosen] { chosen = [a] { return report(*a); }; });
}

}  // namespace splice_cuda::cli
