#include "cli/report/result_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/report/base64.hpp"
#include "cli/report/html_text.hpp"
#include "cli/report/report_assets.hpp"
#include "io/sha256.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* no_charts =
    "<p class=\"notice\">This page has no charts: the splice that wrote it was built without Vega (libjs-vega). All figures are in the tables.</p>\n";

/// "'sha256-...'" of a script, as a Content-Security-Policy has it.
std::string script_hash(const std::string& script) {
  const std::string hex = io::sha256_of_text(script);
  std::vector<std::uint8_t> digest;
  for (std::size_t i = 0; i < hex.size(); i += 2) digest.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return "'sha256-" + base64(digest) + "'";
}

std::string setting_text(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "none";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return json_text(value);
}

std::string settings_html(const ResultDocument& document) {
  if (document.settings.empty()) return "";
  std::string html = "<details>\n<summary>Settings</summary>\n<dl>\n";
  for (const auto& [key, value] : document.settings.items()) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_text(key), html_text(setting_text(value)));
  }
  return html + "</dl>\n</details>\n";
}

std::string paragraph(const std::string& text, const char* name = nullptr) {
  if (text.empty()) return "";
  return name == nullptr ? fmt::format("<p>{}</p>\n", html_text(text)) : fmt::format("<p class=\"{}\">{}</p>\n", name, html_text(text));
}

std::string document_html(const ResultDocument& document, std::size_t number, bool charts) {
  std::string html = fmt::format("<section id=\"d{0}\" aria-labelledby=\"d{0}-title\">\n", number);
  if (!document.experiment.empty()) html += paragraph("splice " + document.experiment, "kicker");
  html += fmt::format("<h2 id=\"d{}-title\">{}</h2>\n", number, html_text(document.title));
  html += paragraph(document.summary, "summary") + settings_html(document);
  for (std::size_t i = 0; charts && i < document.charts.size(); ++i) {
    const ResultChart& chart = document.charts[i];
    html += fmt::format("<figure id=\"d{0}-c{1}\" aria-labelledby=\"d{0}-c{1}-title\">\n<figcaption>\n<h3 id=\"d{0}-c{1}-title\">{2}</h3>\n{3}</figcaption>\n"
                        "<div class=\"body\"></div>\n</figure>\n", number, i + 1, html_text(chart.title), paragraph(chart.description));
  }
  for (std::size_t i = 0; i < document.tables.size(); ++i) {
    const ResultTable& table = document.tables[i];
    html += fmt::format("<div class=\"table\" id=\"d{}-t{}\">\n<h3>{}</h3>\n{}<div class=\"body\"></div>\n</div>\n", number, i + 1, html_text(table.title),
                        paragraph(table.note));
  }
  return html + "</section>\n";
}

std::string contents_item(const std::string& id, const std::string& title) {
  return fmt::format("<li><a href=\"#{}\">{}</a>", id, html_text(title));
}

std::string contents_html(const ResultPage& page, bool charts) {
  std::string html;
  for (std::size_t d = 0; d < page.documents.size(); ++d) {
    const ResultDocument& document = page.documents[d].document;
    std::string parts;
    const auto part = [&](char kind, std::size_t i, const std::string& title) {
      parts += contents_item(fmt::format("d{}-{}{}", d + 1, kind, i + 1), title) + "</li>\n";
    };
    for (std::size_t i = 0; charts && i < document.charts.size(); ++i) part('c', i, document.charts[i].title);
    for (std::size_t i = 0; i < document.tables.size(); ++i) part('t', i, "Table: " + document.tables[i].title);
    html += contents_item(fmt::format("d{}", d + 1), document.title) + (parts.empty() ? "" : "\n<ol>\n" + parts + "</ol>\n") + "</li>\n";
  }
  if (page.cards) html += contents_item("rows", "Rows and their concepts") + "</li>\n";
  return html;
}

std::string cards_section(const RowCards& cards, const std::string& rows) {
  const std::int64_t shown = std::min(cards.limit, cards.file.codes.rows);
  std::string lead = fmt::format("Each {} as a few of {}.", row_noun(cards), counted(cards.space.size(), "concept"));
  if (shown < cards.file.codes.rows) lead += fmt::format(" Shown are the first {} of {}.", grouped(shown), counted(cards.file.codes.rows, "row"));
  return fmt::format("<section id=\"rows\" aria-labelledby=\"rows-title\">\n<p class=\"kicker\">splice decompose</p>\n<h2 id=\"rows-title\">Rows and their concepts</h2>\n"
                     "{}<dl class=\"facts\">\n{}</dl>\n<ol class=\"rows\">\n{}</ol>\n</section>\n", paragraph(lead, "summary"), code_facts_html(cards), rows);
}

std::string lead_text(const ResultPage& page) {
  std::size_t tables = 0;
  std::size_t charts = 0;
  for (const PageDocument& item : page.documents) {
    tables += item.document.tables.size();
    charts += item.document.charts.size();
  }
  const auto many = [](std::size_t count, const char* noun) { return counted(static_cast<std::int64_t>(count), noun); };
  std::string lead = many(page.documents.size(), "result") + ", " + many(charts, "chart") + ", " + many(tables, "table");
  if (page.cards) lead += ", " + counted(std::min(page.cards->limit, page.cards->file.codes.rows), "row");
  return lead + ".";
}

}  // namespace

ResultHtml result_html(const ResultPage& page) {
  const PageData data = page_data(page.documents, page.limits);
  ResultHtml result{"", data.pictures, data.missing, true};
  const std::string script(assets::result_script);
  std::string vega = assets::vega_script();
  std::string hashes = script_hash(script);
  result.charts = !vega.empty();
  if (result.charts) {
    hashes += " " + script_hash(vega);
    vega = "<script>" + vega + "</script>\n";
  }
  std::string sections;
  bool any_chart = false;
  for (std::size_t i = 0; i < page.documents.size(); ++i) {
    sections += document_html(page.documents[i].document, i + 1, result.charts);
    any_chart = any_chart || !page.documents[i].document.charts.empty();
  }
  if (page.cards) {
    const CardsHtml rows = cards_html(*page.cards);
    sections += cards_section(*page.cards, rows.html);
    result.pictures += rows.pictures;
    result.missing += rows.missing;
  }
  result.html = fill_template(assets::result_page,
                              {{"title", html_text(page.title)}, {"lead", html_text(lead_text(page))}, {"script_hashes", hashes},
                               {"palette", std::string(assets::palette_css)}, {"cards", std::string(assets::cards_css)}, {"style", std::string(assets::result_css)},
                               {"contents", contents_html(page, result.charts)}, {"notice", any_chart && !result.charts ? no_charts : ""},
                               {"sections", sections}, {"made_by", "Made by splice " SPLICE_CUDA_VERSION_STRING "."}, {"content", data.json},
                               {"vega", any_chart ? vega : ""}, {"script", script}});
  return result;
}

}  // namespace splice_cuda::cli
