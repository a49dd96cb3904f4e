#pragma once

/// @file text_layout.hpp
/// Names and bars in columns of text.

#include <string>
#include <string_view>

namespace splice_cuda::cli {

/// The text with control characters (which could drive the terminal) replaced by '?'.
std::string printable(std::string_view text);

/// Columns that UTF-8 text takes in a terminal: 2 for wide characters (CJK, emoji), 0 for combining ones.
int display_width(std::string_view utf8);

/// Cut to `width` columns, with "…" at the end where something was cut off; else padded with blanks.
std::string fit(std::string_view utf8, int width);

/// A horizontal bar of `share` (0 to 1) of `width` columns, in eighths of a column. Never empty for share > 0.
std::string bar(double share, int width);

}  // namespace splice_cuda::cli
