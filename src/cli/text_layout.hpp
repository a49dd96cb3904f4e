#pragma once

/// @file text_layout.hpp
/// Names and bars in columns of text.

#include <string>
#include <string_view>
#include <vector>

namespace splice_cuda::cli {

/// The text with control characters (which could drive the terminal) replaced by '?'.
std::string printable(std::string_view text);

/// Number of code points of UTF-8 text: columns, for scripts of single width.
int display_width(std::string_view utf8);

/// Cut to `width` columns, with "…" at the end where something was cut off; else padded with blanks.
std::string fit(std::string_view utf8, int width);

/// A horizontal bar of `share` (0 to 1) of `width` columns, in eighths of a column. Never empty for share > 0.
std::string bar(double share, int width);

/// Words separated by `separator`, in lines of at most `width` columns, each indented by `indent` blanks.
std::string wrapped(const std::vector<std::string>& words, std::string_view separator, int indent, int width);

}  // namespace splice_cuda::cli
