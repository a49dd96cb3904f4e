#include "cli/text_layout.hpp"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace splice_cuda::cli {
namespace {

/// Characters of valid UTF-8, one at a time.
class Characters {
 public:
  explicit Characters(std::string_view utf8) : rest_(utf8) {}
  bool done() const { return rest_.empty(); }
  std::string_view next() {
    std::size_t length = 1;
    while (length < rest_.size() && (static_cast<unsigned char>(rest_[length]) & 0xC0U) == 0x80U) ++length;
    const std::string_view character = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return character;
  }

 private:
  std::string_view rest_;
};

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t value = lead & (0x7FU >> character.size());
  for (const char c : character.substr(1)) value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

/// The C library knows the widths, but only in a locale of UTF-8, and the command runs in any.
int columns_of(std::string_view character) {
  if (character.size() == 1) return 1;
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t previous = uselocale(utf8);
  const int columns = wcwidth(static_cast<wchar_t>(code_point(character)));
  uselocale(previous);
  return columns < 0 ? 1 : columns;
}

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
  int columns = 0;
  for (Characters characters(utf8); !characters.done();) columns += columns_of(characters.next());
  return columns;
}

std::string fit(std::string_view utf8, int width) {
  std::string result(utf8);
  int columns = display_width(utf8);
  if (columns > width) {
    result.clear();
    columns = 0;
    for (Characters characters(utf8); !characters.done();) {
      const std::string_view character = characters.next();
      const int wider = columns + columns_of(character);
      if (wider > width - 1) break;
      result += character;
      columns = wider;
    }
    result += "…";
    ++columns;
  }
  return result + std::string(static_cast<std::size_t>(width - columns), ' ');
}

std::string bar(double share, int width) {
  static constexpr std::array<const char*, 8> partial = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) return {};
  const int eighths = std::clamp(static_cast<int>(std::lround(share * width * 8)), 1, width * 8);
  std::string result;
  for (int i = 0; i < eighths / 8; ++i) result += "█";
  return result + partial[static_cast<std::size_t>(eighths % 8)];
}

}  // namespace splice_cuda::cli
