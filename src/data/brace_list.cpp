#include "data/brace_list.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

constexpr std::size_t most_names = 100000;

/// Its name is its own: in one translation unit with the layouts, `fail` would hide data::fail from them.
[[noreturn]] void fail_pattern(const std::string& pattern, const std::string& expected) {
  throw ArgumentError("path: got '" + pattern + "'; expected " + expected);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string> choices_of(std::string_view inside, const std::string& pattern) {
  std::vector<std::string> choices;
  const std::size_t dots = inside.find("..");
  if (dots != std::string_view::npos) {
    const std::string_view first = inside.substr(0, dots);
    const std::string_view last = inside.substr(dots + 2);
    if (!is_number(first) || !is_number(last)) fail_pattern(pattern, "whole numbers in a range, {000..041}");
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::from_chars(first.data(), first.data() + first.size(), from);
    std::from_chars(last.data(), last.data() + last.size(), to);
    if (from > to || to - from >= static_cast<std::int64_t>(most_names)) fail_pattern(pattern, "a range that rises, of at most 100000 shards");
    for (std::int64_t number = from; number <= to; ++number) {
      const std::string digits = std::to_string(number);
      choices.push_back(std::string(first.size() - std::min(first.size(), digits.size()), '0') + digits);
    }
    return choices;
  }
  for (std::size_t begin = 0; begin <= inside.size();) {
    const std::size_t end = std::min(inside.find(',', begin), inside.size());
    choices.emplace_back(inside.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> names = {""};
  std::size_t at = 0;
  while (at < pattern.size()) {
    const std::size_t open = std::min(pattern.find('{', at), pattern.size());
    for (std::string& name : names) name.append(pattern, at, open - at);
    if (open == pattern.size()) break;
    const std::size_t close = pattern.find('}', open);
    if (close == std::string::npos) fail_pattern(pattern, "a '}' for each '{'");
    const std::vector<std::string> choices = choices_of(std::string_view(pattern).substr(open + 1, close - open - 1), pattern);
    if (names.size() * choices.size() > most_names) fail_pattern(pattern, "at most 100000 shards");
    std::vector<std::string> longer;
    for (const std::string& name : names) {
      for (const std::string& choice : choices) longer.push_back(name + choice);
    }
    names = std::move(longer);
    at = close + 1;
  }
  return names;
}

}  // namespace splice_cuda::data
