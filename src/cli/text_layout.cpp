#include "cli/text_layout.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace splice_cuda::cli {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // C1 controls are U+0080..U+009F: 0xC2 0x80..0x9F in UTF-8.
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    result += (c < 0x20 || c == 0x7F || c1) ? '?' : static_cast<char>(c);
  }
  return result;
}

int display_width(std::string_view utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return !is_continuation(c); }));
}

std::string fit(std::string_view utf8, int width) {
  const int columns = display_width(utf8);
  if (columns <= width) return std::string(utf8) + std::string(static_cast<std::size_t>(width - columns), ' ');
  std::string result;
  int used = 0;
  for (const char c : utf8) {
    if (!is_continuation(c) && used++ == width - 1) break;
    result += c;
  }
  return result + "…";
}

std::string bar(double share, int width) {
  static constexpr std::array<const char*, 8> partial = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) return {};
  const int eighths = std::clamp(static_cast<int>(std::lround(share * width * 8)), 1, width * 8);
  std::string result;
  for (int i = 0; i < eighths / 8; ++i) result += "█";
  return result + partial[static_cast<std::size_t>(eighths % 8)];
}

std::string wrapped(const std::vector<std::string>& words, std::string_view separator, int indent, int width) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string result;
  int column = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? std::string(separator) : "");
    const int columns = display_width(word);
    if (column == 0 || column + columns > width) {
      result += (i == 0 ? "" : "\n") + margin;
      column = indent;
    }
    result += word;
    column += columns;
  }
  return result;
}

}  // namespace splice_cuda::cli
