#include "cli/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/numbers_text.hpp"
#include "cli/text_layout.hpp"

namespace splice_cuda::cli {
namespace {

/// "l0 12, cosine 0.831" and the status where it is not the usual one; a foreign file has no reports.
std::string row_facts(const io::CodesFile& file, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  std::string text = fmt::format("l0 {}", file.codes.l0(row));
  if (at < file.cosine.size()) text += fmt::format(", cosine {:.3f}", file.cosine[at]);
  if (at < file.reports.size() && file.reports[at].status != RowStatus::certified) {
    text += fmt::format(", {}", to_string(file.reports[at].status));
  }
  return text;
}

}  // namespace

std::vector<CodeEntry> top_entries(const SparseCodes& codes, std::int64_t row, std::int64_t top) {
  std::vector<CodeEntry> entries;
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  for (std::size_t i = 0; i < atoms.size(); ++i) entries.push_back({atoms[i], values[i]});
  std::stable_sort(entries.begin(), entries.end(), [](const CodeEntry& a, const CodeEntry& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  entries.resize(std::min(entries.size(), static_cast<std::size_t>(top)));
  return entries;
}

std::string entries_text(const ConceptSpace& space, const SparseCodes& codes, std::int64_t row, std::int64_t top) {
  std::string text;
  for (const CodeEntry& entry : top_entries(codes, row, top)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", space.name(entry.atom), weight_text(entry.weight));
  }
  return text;
}

std::string row_title(const io::CodesFile& file, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  return at < file.names.size() ? printable(file.names[at]) : fmt::format("row {}", row);
}

std::string row_line(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top) {
  const std::string concepts = printable(entries_text(space, file.codes, row, top));
  return fmt::format("{}  {}  ({})\n", row_title(file, row), concepts.empty() ? "-" : concepts, row_facts(file, row));
}

nlohmann::ordered_json row_json(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top) {
  const auto at = static_cast<std::size_t>(row);
  nlohmann::ordered_json json;
  json["row"] = row;
  if (at < file.names.size()) json["name"] = file.names[at];
  if (at < file.reports.size()) {
    json["status"] = to_string(file.reports[at].status);
    if (file.reports[at].l1_penalty > 0) json["l1_penalty"] = file.reports[at].l1_penalty;
    json["gap"] = file.reports[at].gap;
    json["kkt_violation"] = file.reports[at].kkt_violation;
  }
  json["l0"] = file.codes.l0(row);
  if (at < file.cosine.size()) json["cosine"] = file.cosine[at];
  json["concepts"] = nlohmann::ordered_json::array();
  for (const CodeEntry& entry : top_entries(file.codes, row, top)) {
    json["concepts"].push_back({{"concept", space.name(entry.atom)}, {"atom", entry.atom}, {"weight", entry.weight}});
  }
  return json;
}

std::string json_text(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string row_chart(const ConceptSpace& space, const io::CodesFile& file, std::int64_t row, std::int64_t top, int width) {
  const auto at = static_cast<std::size_t>(row);
  std::string text = fmt::format("{}  {}", row_title(file, row), row_facts(file, row));
  if (at < file.reports.size()) text += fmt::format(", gap {:.1e}", file.reports[at].gap);
  text += '\n';
  const std::vector<CodeEntry> entries = top_entries(file.codes, row, top);
  int names = 0;
  int numbers = 0;
  for (const CodeEntry& entry : entries) {
    names = std::max(names, display_width(printable(space.name(entry.atom))));
    numbers = std::max(numbers, static_cast<int>(weight_text(entry.weight).size()));
  }
  names = std::min(names, width / 2);
  const int bars = width - 2 - names - 2 - numbers - 1;  // a terminal is never narrower than 40 columns
  const double largest = entries.empty() ? 0 : std::abs(static_cast<double>(entries.front().weight));
  for (const CodeEntry& entry : entries) {
    text += fmt::format("  {}  {:>{}} {}\n", fit(printable(space.name(entry.atom)), names), weight_text(entry.weight), numbers,
                        bar(std::abs(static_cast<double>(entry.weight)) / largest, bars));
  }
  if (entries.empty()) text += "  no concept: the code is empty\n";
  const std::int64_t hidden = file.codes.l0(row) - static_cast<std::int64_t>(entries.size());
  if (hidden > 0) text += fmt::format("  and {} more with smaller weights\n", hidden);
  return text;
}

}  // namespace splice_cuda::cli
