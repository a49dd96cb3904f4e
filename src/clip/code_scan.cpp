#include "clip/code_scan.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

bool in_identifier(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

/// Calls `visit` with what follows each place where `word` stands as an identifier of its own.
template <class Visit>
void each_word(std::string_view code, std::string_view word, const Visit& visit) {
  for (std::size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool whole =
        (at == 0 || !in_identifier(code[at - 1])) && (end == code.size() || !in_identifier(code[end]));
    if (whole) visit(code.substr(end));
  }
}

/// Takes a double-quoted literal off the front. @returns false where there is none, or one with an escape
bool take_literal(std::string_view& code) {
  if (!code.starts_with('"')) return false;
  const std::size_t end = code.find_first_of("\"\\\n", 1);
  if (end == std::string_view::npos || code[end] != '"') return false;
  code.remove_prefix(end + 1);
  return true;
}

/// Whether `code` goes on as the exporter writes it: (value, "name"), where the value may be such a call
/// itself.
bool has_plain_arguments(std::string_view code) {
  if (!code.starts_with('(')) return false;
  code.remove_prefix(1);
  for (int depth = 0; !code.empty();) {
    const char letter = code.front();
    if (letter == '"') {
      if (!take_literal(code)) return false;
      continue;
    }
    // Other quotes and comments, in which brackets do not count, are never written there.
    if (letter == '\'' || letter == '#' || letter == '\\') return false;
    code.remove_prefix(1);
    if (letter == ',' && depth == 0) break;
    if (letter == '(' || letter == '[') ++depth;
    if ((letter == ')' || letter == ']') && --depth < 0) return false;
  }
  code.remove_prefix(std::min(code.find_first_not_of(' '), code.size()));
  return take_literal(code) && code.starts_with(')');
}

}  // namespace

void check_code(std::string_view code, const std::string& name) {
  constexpr std::array<std::string_view, 2> operators = {"save", "from_file"};
  for (const std::string_view word : operators) {
    each_word(code, word, [&](std::string_view) {
      throw FileError(name + ": found code that names the operator " + std::string(word) +
                      ", which reaches files: refused as hostile");
    });
  }
  constexpr std::array<std::string_view, 2> lookups = {"getattr", "hasattr"};
  for (const std::string_view word : lookups) {
    each_word(code, word, [&](std::string_view rest) {
      if (has_plain_arguments(rest)) return;
      throw FileError(name + ": found " + std::string(word) +
                      " of something that is not a plain literal, which TorchScript never writes: refused "
                      "as hostile");
    });
  }
}

}  // namespace splice_cuda::clip
