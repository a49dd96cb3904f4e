#include "cli/experiments/caption_nouns.hpp"

#include <algorithm>

namespace splice_cuda::cli {

std::vector<std::int32_t> CaptionNouns::of(std::string_view caption) {
  std::vector<std::int32_t> nouns;
  std::string before;
  split_.visit(caption, [&](std::string_view word, bool follows) {
    const std::string single(word);
    if (allowed_.contains(single)) nouns.push_back(number(single));
    if (follows && !before.empty()) {
      const std::string both = before + " " + single;
      if (allowed_.contains(both)) nouns.push_back(number(both));
    }
    before = single;
  });
  std::sort(nouns.begin(), nouns.end());
  nouns.erase(std::unique(nouns.begin(), nouns.end()), nouns.end());
  return nouns;
}

std::int32_t CaptionNouns::number(const std::string& word) {
  const auto [place, is_new] = numbers_.emplace(word, static_cast<std::int32_t>(names_.size()));
  if (is_new) names_.push_back(word);
  return place->second;
}

}  // namespace splice_cuda::cli
