#include "cli/report/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/argument_parsing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/report/html_text.hpp"
#include "cli/report/report_assets.hpp"
#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

std::string facts_html(const RowCards& cards, const RunSettings& settings, const std::string& noun) {
  std::string html = fact_html(noun, grouped(cards.file.codes.rows)) + fact_html("Concepts to choose from", grouped(cards.space.size()));
  if (settings.l1_penalty) html += fact_html("Penalty", fmt::format("{:.4g}", *settings.l1_penalty));
  if (settings.target_l0 > 0) html += fact_html("Target l0", std::to_string(settings.target_l0));
  if (settings.target_cosine > 0) html += fact_html("Target cosine", fmt::format("{:.4g}", settings.target_cosine));
  return html + code_facts_html(cards);
}

std::string origin_html(const ConceptSpace& space, const RunSettings& settings) {
  std::string html;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_text(name), html_text(value));
  };
  add("Made by", "splice " SPLICE_CUDA_VERSION_STRING);
  add("Solver", settings.solver);
  // Names alone: a page that is passed on need not tell where things lie.
  add("Model", std::filesystem::path(settings.model).filename().string());
  add("Dictionary", std::filesystem::path(settings.dictionary).filename().string());
  const auto vocabulary = space.provenance().find("vocabulary");
  if (vocabulary != space.provenance().end()) add("Vocabulary", vocabulary->second);
  return html;
}

}  // namespace

void add_report_page_options(CLI::App& verb, ReportPageArguments& a) {
  verb.add_option("--report", a.report, "Write a page here that shows rows with their concepts (.html, self-contained)")->type_name("FILE");
  add_whole_number(verb, "--report-limit", a.report_limit, 1, 1000000, "Most rows on the page");
  verb.add_option("--report-title", a.title, "Title of the page")->type_name("TEXT")->capture_default_str();
}

void check_report_page_options(const ReportPageArguments& a) {
  if (!a.report.empty()) return;
  const ReportPageArguments defaults;
  const bool title = a.title != defaults.title;
  if (!title && a.report_limit == defaults.report_limit) return;
  throw ArgumentError(fmt::format("{}: got '{}' and no --report; expected a page that it is for", title ? "--report-title" : "--report-limit",
                                  title ? a.title : std::to_string(a.report_limit)));
}

void write_report(const ReportPageArguments& a, const ConceptSpace& space, const io::CodesFile& file, const RunSettings& settings,
                  bool pictures) {
  const RowCards cards{space, file, pictures, a.report_limit, a.concepts};
  const std::int64_t shown = std::min(a.report_limit, file.codes.rows);
  const std::string noun = row_noun(cards);
  std::string lead = fmt::format("Each {} as a few of {}, with a bound on how far the weights are from the best ones.", noun, counted(space.size(), "concept"));
  if (shown < file.codes.rows) lead += fmt::format(" Shown are the first {} of {}.", grouped(shown), counted(file.codes.rows, noun));
  std::string plural = noun + "s";
  plural[0] = static_cast<char>(plural[0] - 'a' + 'A');
  io::AtomicFile page(a.report);
  page.write(fill_template(assets::cards_page, {{"title", html_text(a.title)},
                                             {"palette", std::string(assets::palette_css)},
                                             {"cards", std::string(assets::cards_css)},
                                             {"lead", lead},
                                             {"facts", facts_html(cards, settings, plural)},
                                             {"rows", cards_html(cards, a.truth).html},
                                             {"origin", origin_html(space, settings)}}));
  page.commit();
}

}  // namespace splice_cuda::cli
