#pragma once

/// @file argument_names.hpp
/// The core library's errors in the terms of the ops, whose arguments have other names.

#include <string>
#include <string_view>

#include "splice_cuda/error.hpp"

namespace splice_cuda::op {

/// "atoms" is the op's `dictionary`; the fields of SolveOptions are arguments of their own.
inline std::string op_names(std::string text) {
  constexpr std::string_view atoms = "atoms";
  if (text.starts_with(atoms)) text.replace(0, atoms.size(), "dictionary");
  constexpr std::string_view solve = "solve.";
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  for (auto at = text.find(solve); at != std::string::npos; at = text.find(solve, at)) {
    const auto after = at + solve.size();
    const bool is_field = (at == 0 || text[at - 1] == ' ') && after < text.size() && is_letter(text[after]);
    if (is_field) {
      text.erase(at, solve.size());
    } else {
      at = after;
    }
  }
  return text;
}

/// The result of a call of the core library.
/// @throws ArgumentError naming the op's argument
template <class Call>
auto with_op_names(const Call& call) {
  try {
    return call();
  } catch (const ArgumentError& error) {
    throw ArgumentError(op_names(error.what()));
  }
}

}  // namespace splice_cuda::op
