#include "cli/report/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/argument_parsing.hpp"
#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/report/html_text.hpp"
#include "cli/report/picture_data.hpp"
#include "cli/report/report_template.hpp"
#include "cli/signals.hpp"
#include "cli/summary.hpp"
#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* true_mark =
    "<span class=\"true\" title=\"true of this picture\">&#10003;<span class=\"hidden\"> true</span></span>";

std::string fact(const std::string& name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(name), html_text(value));
}

/// The picture, or what there is in its place: it may have gone since it was embedded.
std::string picture_html(const std::string& path) {
  constexpr std::int64_t tiny = 128;
  const std::string name = std::filesystem::path(path).filename().string();
  try {
    const PictureData data = picture_data(path);
    return fmt::format("<div class=\"picture\"><img{} src=\"{}\" alt=\"Picture {}, {} by {} pixels\"></div>\n",
                       std::max(data.width, data.height) <= tiny ? " class=\"tiny\"" : "", data.uri,
                       html_text(name), data.width, data.height);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    // Without the folders, which the page does not tell.
    std::string reason = error.what();
    for (std::size_t at = reason.find(path); at != std::string::npos; at = reason.find(path, at + name.size()))
      reason.replace(at, path.size(), name);
    return fmt::format("<div class=\"picture\"><p class=\"nothing\">{}</p></div>\n", html_text(reason));
  }
}

const char* status_text(RowStatus status) {
  switch (status) {
    case RowStatus::certified: return "certified";
    case RowStatus::budget_exhausted: return "not certified";
    case RowStatus::non_finite_input: return "NaN or infinity";
    case RowStatus::zero_embedding: return "zero embedding";
  }
  return "unknown";
}

std::string chips_html(const io::CodesFile& file, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  std::string html = "<ul class=\"chips\">";
  if (at < file.reports.size()) {
    const RowReport& report = file.reports[at];
    const bool proven = report.status == RowStatus::certified || report.status == RowStatus::zero_embedding;
    html += fmt::format("<li class=\"badge {}\">{}{}</li>", proven ? "certified" : "open", proven ? "&#10003; " : "", status_text(report.status));
  }
  html += fmt::format("<li>l0 {}</li>", file.codes.l0(row));
  if (at < file.cosine.size()) html += fmt::format("<li>cosine {:.3f}</li>", file.cosine[at]);
  if (at < file.reports.size()) html += fmt::format("<li>gap {:.1e}</li>", file.reports[at].gap);
  return html + "</ul>\n";
}

std::string concepts_html(const ReportPageArguments& a, const ConceptSpace& space, const io::CodesFile& file, std::int64_t row,
                          const std::string& title) {
  const std::vector<CodeEntry> entries = top_entries(file, row, a.concepts);
  if (entries.empty()) return "<p class=\"more\">No concept: the code is empty.</p>\n";
  const double largest = std::abs(static_cast<double>(entries.front().weight));
  const auto at = static_cast<std::size_t>(row);
  std::string html = fmt::format("<table><caption class=\"hidden\">Concepts of {} by falling weight</caption>\n<thead class=\"hidden\"><tr><th "
                                 "scope=\"col\">Concept</th><th scope=\"col\">Bar</th><th scope=\"col\">Weight</th></tr></thead>\n<tbody>\n",
                                 html_text(title));
  for (const CodeEntry& entry : entries) {
    const std::string& name = space.name(entry.atom);
    const double share = 100 * std::abs(static_cast<double>(entry.weight)) / largest;
    const bool is_true = at < a.truth.size() && a.truth[at] && a.truth[at]->contains(name);
    html += fmt::format("<tr><th scope=\"row\">{}{}</th><td aria-hidden=\"true\"><span class=\"track\"><span style=\"width:{:.1f}%\">"
                        "</span></span></td><td class=\"weight\">{}</td></tr>\n",
                        html_text(name), is_true ? true_mark : "", share, weight_text(static_cast<double>(entry.weight)));
  }
  html += "</tbody></table>\n";
  const std::int64_t hidden = file.codes.l0(row) - static_cast<std::int64_t>(entries.size());
  if (hidden > 0) html += fmt::format("<p class=\"more\">and {} more with smaller weights</p>\n", grouped(hidden));
  return html;
}

std::string row_html(const ReportPageArguments& a, const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, bool pictures) {
  const auto at = static_cast<std::size_t>(row);
  const bool named = at < file.names.size();
  const std::string title = !named ? fmt::format("row {}", row)
                            : pictures ? std::filesystem::path(file.names[at]).filename().string() : file.names[at];
  std::string html = fmt::format("<li><article aria-labelledby=\"row-{}\">\n", row);
  if (pictures && named) html += picture_html(file.names[at]);
  html += fmt::format("<div class=\"inside\">\n<h2 id=\"row-{}\"{} title=\"{}\">{}</h2>\n", row, named && !pictures ? " class=\"text\"" : "",
                      html_text(title), html_text(title));
  return html + chips_html(file, row) + concepts_html(a, space, file, row, title) + "</div>\n</article></li>\n";
}

std::string facts_html(const Summary& summary, const ConceptSpace& space, const RunSettings& settings, const std::string& noun) {
  std::string html = fact(noun, grouped(summary.rows)) + fact("Concepts to choose from", grouped(space.size()));
  if (settings.l1_penalty) html += fact("Penalty", fmt::format("{:.4g}", *settings.l1_penalty));
  if (settings.target_l0 > 0) html += fact("Target l0", std::to_string(settings.target_l0));
  if (settings.target_cosine > 0) html += fact("Target cosine", fmt::format("{:.4g}", settings.target_cosine));
  html += fact("Mean l0", fmt::format("{:.1f}", summary.mean_l0)) + fact("Mean cosine", fmt::format("{:.3f}", summary.mean_cosine));
  const std::int64_t certified = summary.count(RowStatus::certified) + summary.count(RowStatus::zero_embedding);
  return html + fact("Certified", percent(certified, summary.rows)) + fact("Largest gap", fmt::format("{:.1e}", summary.largest_gap));
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

void write_report(const ReportPageArguments& a, const ConceptSpace& space, const io::CodesFile& file, const RunSettings& settings,
                  bool pictures) {
  const std::int64_t shown = std::min(a.report_limit, file.codes.rows);
  std::string rows;
  for (std::int64_t row = 0; row < shown; ++row) {
    signals::throw_if_stop_requested();
    rows += row_html(a, space, file, row, pictures);
  }
  const std::string noun = file.names.empty() ? "embedding" : pictures ? "picture" : "text";
  std::string lead = fmt::format("Each {} as a few of {}, with a bound on how far the weights are from the best ones.", noun, counted(space.size(), "concept"));
  if (shown < file.codes.rows) lead += fmt::format(" Shown are the first {} of {}.", grouped(shown), counted(file.codes.rows, noun));
  std::string plural = noun + "s";
  plural[0] = static_cast<char>(plural[0] - 'a' + 'A');
  io::AtomicFile page(a.report);
  page.write(fill_template(report_template, {{"title", html_text(a.title)},
                                             {"lead", lead},
                                             {"facts", facts_html(summarize(file, 0), space, settings, plural)},
                                             {"rows", rows},
                                             {"origin", origin_html(space, settings)}}));
  page.commit();
}

}  // namespace splice_cuda::cli
