#pragma once

/// @file ascii.hpp
/// Names of files and columns, whatever the locale is.

#include <string>

namespace splice_cuda::io {

/// A to Z in lower case; all other bytes as they are.
inline std::string lower_ascii(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace splice_cuda::io
