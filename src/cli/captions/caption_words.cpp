#include "cli/captions/caption_words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace splice_cuda::cli {
namespace {

constexpr std::size_t longest_word = 255;

enum class Kind : std::uint8_t { word, apostrophe, space, other };

Kind kind_of(UChar32 point) {
  if (point < 0x80) {
    if ((point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || (point >= '0' && point <= '9')) return Kind::word;
    if (point == '\'') return Kind::apostrophe;
    return point == ' ' || (point >= '\t' && point <= '\r') ? Kind::space : Kind::other;
  }
  if (point == 0x2019) return Kind::apostrophe;
  if ((U_GET_GC_MASK(point) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0) return Kind::word;
  return u_isUWhiteSpace(point) ? Kind::space : Kind::other;
}

void append_point(std::string& text, UChar32 point) {
  std::array<std::uint8_t, U8_MAX_LENGTH> bytes = {};
  int32_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, point);
  text.append(bytes.begin(), bytes.begin() + length);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower;
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    lower.assign(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower;
  }
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())))
      .toLower(icu::Locale::getRoot())
      .toUTF8String(lower);
  return lower;
}

void CaptionWords::visit(std::string_view caption, const WordVisitor& take) {
  const std::string lower = lower_case(caption);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(lower.data());
  const auto size = static_cast<int32_t>(lower.size());
  word_.clear();
  bool follows = false;            // the word being read follows the one before
  bool only_space = false;         // since the word before
  bool apostrophe = false;         // one is waiting for a letter
  const auto end_word = [&](bool space) {
    if (!word_.empty()) {
      const bool fits = word_.size() <= longest_word;
      if (fits) take(word_, follows);
      only_space = fits && space && !apostrophe;
    } else {
      only_space = only_space && space;
    }
    word_.clear();
    apostrophe = false;
  };
  for (int32_t at = 0; at < size;) {
    UChar32 point = 0;
    U8_NEXT(bytes, at, size, point);
    switch (kind_of(point)) {
      case Kind::word:
        if (word_.empty()) follows = only_space;
        if (apostrophe) word_ += '\'';
        apostrophe = false;
        if (word_.size() <= longest_word) append_point(word_, point);
        break;
      case Kind::apostrophe:
        if (word_.empty() || apostrophe) end_word(false);
        else apostrophe = true;
        break;
      case Kind::space: end_word(true); break;
      case Kind::other: end_word(false); break;
    }
  }
  end_word(true);
}

}  // namespace splice_cuda::cli
