// Character references of HTML, by the rules of Python's html.unescape (which are WHATWG's, attributes
// aside).

#include <algorithm>
#include <cstdint>
#include <optional>

#include "clip/html_entities.hpp"
#include "clip/text_cleaning.hpp"

namespace splice_cuda::clip {
namespace {

constexpr std::size_t longest_name = 32;

bool is_dropped(std::uint32_t number) {
  return (number >= 0x1 && number <= 0x8) || number == 0xB || (number >= 0xE && number <= 0x1F) ||
         number == 0x7F || (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFEu) == 0xFFFEu;
}

void append_number(std::uint32_t number, std::u32string& out) {
  if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) {
    out += U'\uFFFD';
  } else if (!is_dropped(number)) {
    out += c1_to_windows_1252(static_cast<char32_t>(number));
  }
}

std::optional<std::uint32_t> digit(char32_t letter, std::uint32_t base) {
  std::uint32_t value = base;
  if (letter >= U'0' && letter <= U'9') value = letter - U'0';
  if (letter >= U'a' && letter <= U'f') value = letter - U'a' + 10;
  if (letter >= U'A' && letter <= U'F') value = letter - U'A' + 10;
  if (value >= base) return std::nullopt;
  return value;
}

/// "&#...": how many code points of `text` it takes, 0 where it is none.
std::size_t take_number(std::u32string_view text, std::u32string& out) {
  const bool hexadecimal = text.size() > 2 && (text[2] == U'x' || text[2] == U'X');
  const std::uint32_t base = hexadecimal ? 16 : 10;
  const std::size_t first = hexadecimal ? 3 : 2;
  std::size_t at = first;
  std::uint32_t number = 0;
  for (; at < text.size(); ++at) {
    const std::optional<std::uint32_t> next = digit(text[at], base);
    if (!next) break;
    number = std::min<std::uint32_t>(number * base + *next, 0x200000);
  }
  if (at == first) return 0;
  append_number(number, out);
  return at < text.size() && text[at] == U';' ? at + 1 : at;
}

bool may_be_in_name(char32_t letter) {
  constexpr std::u32string_view ends = U"\t\n\f <&#;";
  return ends.find(letter) == std::u32string_view::npos;
}

/// "&name": the longest beginning that is a reference.
std::size_t take_name(std::u32string_view text, std::u32string& out) {
  std::size_t end = 1;
  while (end < text.size() && end <= longest_name && may_be_in_name(text[end])) ++end;
  if (end == 1) return 0;
  if (end < text.size() && text[end] == U';') ++end;
  const std::string name = to_utf8(text.substr(1, end - 1));
  if (const auto whole = html_entity(name)) {
    out += from_utf8(*whole);
    return end;
  }
  for (std::size_t length = end - 2; length > 1; --length) {
    if (const auto part = html_entity(to_utf8(text.substr(1, length)))) {
      out += from_utf8(*part);
      return 1 + length;
    }
  }
  return 0;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t taken = 0;
    if (text[0] == U'&' && text.size() > 1) {
      taken = text[1] == U'#' ? take_number(text, out) : take_name(text, out);
    }
    if (taken == 0) {
      out += text[0];
      taken = 1;
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace splice_cuda::clip
