#include "cli/report/row_cards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/report/html_text.hpp"
#include "cli/report/picture_data.hpp"
#include "cli/signals.hpp"
#include "cli/summary.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* true_mark =
    "<span class=\"true\" title=\"true of this picture\">&#10003;<span class=\"hidden\"> true</span></span>";

/// The picture, or what there is in its place: it may have gone since it was embedded.
std::string picture_html(const std::string& path, CardsHtml& counts) {
  constexpr std::int64_t tiny = 128;
  const std::string name = std::filesystem::path(path).filename().string();
  try {
    const PictureData data = picture_data(path);
    ++counts.pictures;
    return fmt::format("<div class=\"picture\"><img{} src=\"{}\" alt=\"Picture {}, {} by {} pixels\"></div>\n",
                       std::max(data.width, data.height) <= tiny ? " class=\"tiny\"" : "", data.uri,
                       html_text(name), data.width, data.height);
  } catch (const CancelledError&) {
    throw;
  } catch (const Error& error) {
    ++counts.missing;
    return fmt::format("<div class=\"picture\"><p class=\"nothing\">{}</p></div>\n", html_text(without_folder(error.what(), path)));
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

std::string concepts_html(const RowCards& cards, const RowTruth& truth, std::int64_t row, const std::string& title) {
  const io::CodesFile& file = cards.file;
  const std::vector<CodeEntry> entries = top_entries(file.codes, row, cards.concepts);
  if (entries.empty()) return "<p class=\"more\">No concept: the code is empty.</p>\n";
  const double largest = std::abs(static_cast<double>(entries.front().weight));
  const auto at = static_cast<std::size_t>(row);
  std::string html = fmt::format("<table><caption class=\"hidden\">Concepts of {} by falling weight</caption>\n<thead class=\"hidden\"><tr><th "
                                 "scope=\"col\">Concept</th><th scope=\"col\">Bar</th><th scope=\"col\">Weight</th></tr></thead>\n<tbody>\n",
                                 html_text(title));
  for (const CodeEntry& entry : entries) {
    const std::string& name = cards.space.name(entry.atom);
    const double share = 100 * std::abs(static_cast<double>(entry.weight)) / largest;
    const bool is_true = at < truth.size() && truth[at] && truth[at]->contains(name);
    html += fmt::format("<tr><th scope=\"row\">{}{}</th><td aria-hidden=\"true\"><span class=\"track\"><span style=\"width:{:.1f}%\">"
                        "</span></span></td><td class=\"weight\">{}</td></tr>\n",
                        html_text(name), is_true ? true_mark : "", share, weight_text(static_cast<double>(entry.weight)));
  }
  html += "</tbody></table>\n";
  const std::int64_t hidden = file.codes.l0(row) - static_cast<std::int64_t>(entries.size());
  if (hidden > 0) html += fmt::format("<p class=\"more\">and {} more with smaller weights</p>\n", grouped(hidden));
  return html;
}

std::string card_html(const RowCards& cards, const RowTruth& truth, std::int64_t row, CardsHtml& counts) {
  const io::CodesFile& file = cards.file;
  const auto at = static_cast<std::size_t>(row);
  const bool named = at < file.names.size();
  const std::string title = !named ? fmt::format("row {}", row)
                            : cards.pictures ? std::filesystem::path(file.names[at]).filename().string() : file.names[at];
  std::string html = fmt::format("<li><article aria-labelledby=\"row-{}\">\n", row);
  if (cards.pictures && named) html += picture_html(file.names[at], counts);
  html += fmt::format("<div class=\"inside\">\n<h{0} class=\"name{1}\" id=\"row-{2}\" title=\"{3}\">{3}</h{0}>\n", cards.heading,
                      named && !cards.pictures ? " text" : "", row, html_text(title));
  return html + chips_html(file, row) + concepts_html(cards, truth, row, title) + "</div>\n</article></li>\n";
}

}  // namespace

CardsHtml cards_html(const RowCards& cards, const RowTruth& truth) {
  CardsHtml made;
  for (std::int64_t row = 0; row < std::min(cards.limit, cards.file.codes.rows); ++row) {
    signals::throw_if_stop_requested();
    made.html += card_html(cards, truth, row, made);
  }
  return made;
}

std::string row_noun(const RowCards& cards) { return cards.file.names.empty() ? "embedding" : cards.pictures ? "picture" : "text"; }

std::string fact_html(const std::string& name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(name), html_text(value));
}

std::string code_facts_html(const RowCards& cards) {
  const Summary summary = summarize(cards.file, 0);
  std::string html = fact_html("Mean l0", fmt::format("{:.1f}", summary.mean_l0));
  if (!cards.file.cosine.empty()) html += fact_html("Mean cosine", fmt::format("{:.3f}", summary.mean_cosine));
  if (cards.file.reports.empty()) return html;
  const std::int64_t certified = summary.count(RowStatus::certified) + summary.count(RowStatus::zero_embedding);
  return html + fact_html("Certified", percent(certified, summary.rows)) + fact_html("Largest gap", fmt::format("{:.1e}", summary.largest_gap));
}

}  // namespace splice_cuda::cli
