#pragma once

/// @file text_cleaning.hpp
/// What open_clip does to a text before it is cut into tokens ("clean": "lower"): repair as ftfy.fix_text
/// does it (all but the guessing of wrong encodings), character references of HTML decoded twice, white space
/// collapsed, lower case.

#include <string>
#include <string_view>

namespace splice_cuda::clip {

/// Code points; what is no UTF-8 becomes U+FFFD, one for each maximal part of a sequence (as Python's
/// errors="replace").
std::u32string from_utf8(std::string_view text);
std::string to_utf8(std::u32string_view text);

/// What Windows-1252 has at a C1 control (U+0080 to U+009F); others, and what it lacks, as they are.
char32_t c1_to_windows_1252(char32_t letter) noexcept;

/// Python's html.unescape.
std::u32string unescape_html(std::u32string_view text);

/// ftfy.fix_text without fix_encoding: references with a semicolon (unless the text has a '<'), C1 controls
/// as Windows-1252, Latin ligatures, full and half width, curly quotes, line breaks, terminal escapes,
/// control characters, NFC; repeated until nothing changes, at most 64 times.
std::u32string fix_text(std::u32string_view text);

/// Python's " ".join(text.split()).
std::u32string collapse_spaces(std::u32string_view text);

/// Python's str.lower: full mappings, sigma by its place in the word.
std::u32string lower(std::u32string_view text);

/// All of it.
std::u32string clean_lower(std::string_view text);

}  // namespace splice_cuda::clip
