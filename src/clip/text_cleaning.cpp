// Code points, their classes and mappings, by ICU.

#include <array>
#include <cstdint>
#include <limits>

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "clip/text_cleaning.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

// ICU counts in 32 bits.
void check_length(std::size_t length) {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max() / 4;
  if (length > most) {
    throw ArgumentError("texts: one of " + std::to_string(length) + " bytes given, expected at most " +
                        std::to_string(most));
  }
}

// str.isspace of Python: Unicode's White_Space and the four information separators.
bool is_space(char32_t letter) {
  return (letter >= 0x1C && letter <= 0x1F) || u_isUWhiteSpace(static_cast<UChar32>(letter)) != 0;
}

}  // namespace

std::u32string from_utf8(std::string_view text) {
  check_length(text.size());
  std::u32string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 letter = 0;
    U8_NEXT_OR_FFFD(bytes, at, size, letter);
    out += static_cast<char32_t>(letter);
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t letter : text) {
    std::array<std::uint8_t, U8_MAX_LENGTH> bytes = {};
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes.data(), size, static_cast<UChar32>(letter));
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
  }
  return out;
}

char32_t c1_to_windows_1252(char32_t letter) noexcept {
  constexpr std::array<char32_t, 32> mapped = {
      0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  if (letter < 0x80 || letter > 0x9F || mapped[letter - 0x80] == 0) return letter;
  return mapped[letter - 0x80];
}

std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string out;
  bool gap = false;
  for (const char32_t letter : text) {
    if (is_space(letter)) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += U' ';
    gap = false;
    out += letter;
  }
  return out;
}

std::u32string lower(std::u32string_view text) {
  icu::UnicodeString units = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                                           static_cast<std::int32_t>(text.size()));
  units.toLower(icu::Locale::getRoot());  // not the user's language, whose "I" may have another small form
  std::u32string out(static_cast<std::size_t>(units.countChar32()), U'\0');
  UErrorCode error = U_ZERO_ERROR;
  units.toUTF32(reinterpret_cast<UChar32*>(out.data()), static_cast<std::int32_t>(out.size()), error);
  return out;
}

std::u32string clean_lower(std::string_view text) {
  const std::u32string fixed = fix_text(from_utf8(text));
  return lower(collapse_spaces(unescape_html(unescape_html(fixed))));
}

}  // namespace splice_cuda::clip
