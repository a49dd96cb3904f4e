#include "cli/report/html_text.hpp"

#include <cstdint>

#include <unicode/utf8.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr const char* replacement = "\xef\xbf\xbd";

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm: a name could show itself backwards with them.
bool turns_direction(UChar32 point) {
  return point == 0x061c || point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string html;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t at = 0; at < size;) {
    const int32_t first = at;
    UChar32 point = 0;
    U8_NEXT(bytes, at, size, point);
    if (point < 0) html += replacement;
    else if (turns_direction(point)) continue;
    else if (point == '&') html += "&amp;";
    else if (point == '<') html += "&lt;";
    else if (point == '>') html += "&gt;";
    else if (point == '"') html += "&quot;";
    else if (point == '\'') html += "&#39;";
    else if (point == '\t' || point == '\n') html += ' ';
    else if (point < 0x20 || (point >= 0x7f && point < 0xa0)) html += replacement;
    else html.append(text.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(at - first)));
  }
  return html;
}

std::string fill_template(std::string_view html, const std::map<std::string, std::string, std::less<>>& values) {
  std::string page;
  for (;;) {
    const std::size_t begin = html.find("{{");
    const std::size_t end = begin == std::string_view::npos ? begin : html.find("}}", begin);
    page += html.substr(0, end == std::string_view::npos ? end : begin);
    if (end == std::string_view::npos) return page;
    const std::string_view name = html.substr(begin + 2, end - begin - 2);
    const auto value = values.find(name);
    if (value == values.end()) throw Error("report template: no value for '" + std::string(name) + "'");
    page += value->second;
    html.remove_prefix(end + 2);
  }
}

std::string without_folder(std::string text, const std::filesystem::path& path) {
  const std::string whole = path.string();
  const std::string name = path.filename().string();
  if (whole.empty()) return text;
  for (std::size_t at = text.find(whole); at != std::string::npos; at = text.find(whole, at + name.size())) {
    text.replace(at, whole.size(), name);
  }
  return text;
}

}  // namespace splice_cuda::cli
