// Repair of texts by the published rules of ftfy 6.3, apart from guessing which wrong encoding a text was
// read in.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "clip/html_entities.hpp"
#include "clip/text_cleaning.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

// Each round undoes one layer of what was applied again and again ("&amp;amp;lt;"). Without a limit a hostile
// text takes a time quadratic in its length.
constexpr int most_rounds = 64;
constexpr std::size_t longest_segment = 1000000;
constexpr std::size_t longest_reference = 24;

bool is_alphanumeric(char32_t letter) {
  return (letter >= U'0' && letter <= U'9') || (letter >= U'a' && letter <= U'z') ||
         (letter >= U'A' && letter <= U'Z');
}

/// The reference that `text` starts with, "&" to ";"; 0 where there is none.
std::size_t reference_length(std::u32string_view text) {
  std::size_t at = text.size() > 1 && text[1] == U'#' ? 2 : 1;
  const std::size_t first = at;
  while (at < text.size() && at - first < longest_reference && is_alphanumeric(text[at])) ++at;
  return at > first && at < text.size() && text[at] == U';' ? at + 1 : 0;
}

std::u32string resolve(std::u32string_view reference) {
  if (reference[1] == U'#') {
    std::u32string text = unescape_html(reference);
    return text.find(U';') == std::u32string::npos ? text : std::u32string(reference);
  }
  const std::string name = to_utf8(reference.substr(1));
  std::optional<std::string_view> text = html_entity(name);
  if (!text) text = capital_entity(name);
  return text ? from_utf8(*text) : std::u32string(reference);
}

std::u32string unescape_closed_references(std::u32string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const std::size_t length = text[0] == U'&' ? reference_length(text) : 0;
    if (length > 0) {
      out += resolve(text.substr(0, length));
    } else {
      out += text[0];
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

const icu::Normalizer2& normalizer(bool compatibility) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* found =
      compatibility ? icu::Normalizer2::getNFKCInstance(error) : icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error) != 0)
    throw Error(std::string("ICU lacks its normalisation data: ") + u_errorName(error));
  return *found;
}

std::u32string normalized(std::u32string_view text, bool compatibility) {
  const icu::UnicodeString units = icu::UnicodeString::fromUTF32(
      reinterpret_cast<const UChar32*>(text.data()), static_cast<std::int32_t>(text.size()));
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString result = normalizer(compatibility).normalize(units, error);
  std::u32string out(static_cast<std::size_t>(result.countChar32()), U'\0');
  result.toUTF32(reinterpret_cast<UChar32*>(out.data()), static_cast<std::int32_t>(out.size()), error);
  if (U_FAILURE(error) != 0)
    throw Error(std::string("ICU could not normalise a text: ") + u_errorName(error));
  return out;
}

std::u32string_view ligature(char32_t letter) {
  constexpr std::array<std::pair<char32_t, std::u32string_view>, 22> parts = {{
      {U'\u0132', U"IJ"},      {U'\u0133', U"ij"},      {U'\u0149', U"\u02BCn"}, {U'\u01C4', U"D\u017D"},
      {U'\u01C5', U"D\u017E"}, {U'\u01C6', U"d\u017E"}, {U'\u01C7', U"LJ"},      {U'\u01C8', U"Lj"},
      {U'\u01C9', U"lj"},      {U'\u01CA', U"NJ"},      {U'\u01CB', U"Nj"},      {U'\u01CC', U"nj"},
      {U'\u01F1', U"DZ"},      {U'\u01F2', U"Dz"},      {U'\u01F3', U"dz"},      {U'\uFB00', U"ff"},
      {U'\uFB01', U"fi"},      {U'\uFB02', U"fl"},      {U'\uFB03', U"ffi"},     {U'\uFB04', U"ffl"},
      {U'\uFB05', U"\u017Ft"}, {U'\uFB06', U"st"},
  }};
  for (const auto& [from, to] : parts) {
    if (from == letter) return to;
  }
  return {};
}

bool is_removed(char32_t letter) {
  return letter <= 0x8 || letter == 0xB || (letter >= 0xE && letter <= 0x1F) || letter == 0x7F ||
         (letter >= 0x206A && letter <= 0x206F) || letter == 0xFEFF || (letter >= 0xFFF9 && letter <= 0xFFFC);
}

/// One code point through the steps that look at no other: ligatures, width, quotes, line breaks.
void append_plain(char32_t letter, std::u32string& out) {
  letter = c1_to_windows_1252(letter);
  if (const std::u32string_view parts = ligature(letter); !parts.empty()) {
    out += parts;
  } else if (letter == 0x3000) {
    out += U' ';
  } else if (letter >= 0xFF01 && letter < 0xFFF0) {
    out += normalized({&letter, 1}, true);
  } else if (letter == 0x2BC || (letter >= 0x2018 && letter <= 0x201B)) {
    out += U'\'';
  } else if (letter >= 0x201C && letter <= 0x201F) {
    out += U'"';
  } else if (letter == 0x2028 || letter == 0x2029 || letter == 0x85) {
    out += U'\n';
  } else {
    out += letter;
  }
}

/// ESC [ digits and semicolons, letter: how many code points, 0 where there is none.
std::size_t terminal_escape_length(std::u32string_view text) {
  if (text.size() < 3 || text[0] != 0x1B || text[1] != U'[') return 0;
  std::size_t at = 2;
  while (at < text.size() && (text[at] == U';' || u_isdigit(static_cast<UChar32>(text[at])) != 0)) ++at;
  const bool closed =
      at < text.size() && ((text[at] >= U'a' && text[at] <= U'z') || (text[at] >= U'A' && text[at] <= U'Z'));
  return closed ? at + 1 : 0;
}

std::u32string remove_escapes_and_controls(std::u32string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const std::size_t escape = terminal_escape_length(text);
    if (escape == 0 && !is_removed(text[0])) out += text[0];
    text.remove_prefix(std::max<std::size_t>(1, escape));
  }
  return out;
}

std::u32string fix_once(std::u32string_view text, bool with_references) {
  const std::u32string unescaped = with_references ? unescape_closed_references(text) : std::u32string(text);
  std::u32string plain;
  for (std::size_t i = 0; i < unescaped.size(); ++i) {
    if (unescaped[i] != U'\r') {
      append_plain(unescaped[i], plain);
    } else if (i + 1 == unescaped.size() || unescaped[i + 1] != U'\n') {
      plain += U'\n';
    }
  }
  return normalized(remove_escapes_and_controls(plain), false);
}

}  // namespace

std::u32string fix_text(std::u32string_view text) {
  std::u32string out;
  bool with_references = true;
  while (!text.empty()) {
    const std::size_t line = std::min(text.find(U'\n'), text.size() - 1) + 1;
    const std::u32string_view segment = text.substr(0, std::min(line, longest_segment));
    text.remove_prefix(segment.size());
    // Markup keeps its references, and so does all that follows it.
    if (segment.find(U'<') != std::u32string_view::npos) with_references = false;
    std::u32string fixed(segment);
    for (int round = 0; round < most_rounds; ++round) {
      std::u32string next = fix_once(fixed, with_references);
      if (next == fixed) break;
      fixed = std::move(next);
    }
    out += fixed;
  }
  return out;
}

}  // namespace splice_cuda::clip
