#pragma once

/// @file stop_words.hpp
/// Words that make no concept of two words with another.

#include <string>
#include <unordered_set>

namespace splice_cuda::cli {

/// "english", "none", or a file with one word a line, which is lower-cased. @throws FileError
std::unordered_set<std::string> read_stop_words(const std::string& choice);

}  // namespace splice_cuda::cli
