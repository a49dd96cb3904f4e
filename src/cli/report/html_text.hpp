#pragma once

/// @file html_text.hpp
/// Text of any origin inside a page.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace splice_cuda::cli {

/// For element content and quoted attributes: markup is escaped, what is not UTF-8 and control characters become U+FFFD, and
/// characters that turn the writing direction are left out.
std::string html_text(std::string_view text);

/// The template with each {{name}} replaced, in one pass: what a value holds is never looked at. @throws Error for a name
/// without value
std::string fill_template(std::string_view html, const std::map<std::string, std::string, std::less<>>& values);

/// An error's text with the file's name in place of its path: a page does not tell where things lie.
std::string without_folder(std::string text, const std::filesystem::path& path);

}  // namespace splice_cuda::cli
