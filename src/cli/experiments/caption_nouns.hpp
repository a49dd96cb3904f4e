#pragma once

/// @file caption_nouns.hpp
/// The words of captions that say what is to be seen.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cli/captions/caption_words.hpp"

namespace splice_cuda::cli {

/// Words of captions that are in a list, numbered as they turn up.
class CaptionNouns {
 public:
  /// @param allowed  words in lower case
  explicit CaptionNouns(std::unordered_set<std::string> allowed) : allowed_(std::move(allowed)) {}

  /// Numbers of the nouns of a caption, each once, ascending; words and two words in a row ("polar bear") are looked up.
  std::vector<std::int32_t> of(std::string_view caption);
  /// All nouns that turned up, by number.
  const std::vector<std::string>& names() const noexcept { return names_; }

 private:
  std::int32_t number(const std::string& word);

  std::unordered_set<std::string> allowed_;
  std::unordered_map<std::string, std::int32_t> numbers_;
  std::vector<std::string> names_;
  CaptionWords split_;
};

}  // namespace splice_cuda::cli
