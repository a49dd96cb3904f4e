// open_clip's SimpleTokenizer: cleaning, cutting into words, byte pairs.

#include <algorithm>
#include <unordered_map>

#include <nlohmann/json.hpp>
#include <unicode/uchar.h>

#include "clip/byte_pairs.hpp"
#include "clip/json_file.hpp"
#include "clip/text_cleaning.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda {
namespace {

using clip::BytePairs;

enum class Kind : std::uint8_t { space, letter, number, other };

Kind kind_of(char32_t letter) {
  // The pattern ignores case. U+0345 is no letter but its capital is, so that neither letters nor what is "no
  // letter" match it.
  if (letter == U'\u0345') return Kind::space;
  const auto point = static_cast<UChar32>(letter);
  const std::uint32_t mask = U_MASK(u_charType(point));
  if ((mask & U_GC_L_MASK) != 0) return Kind::letter;
  if ((mask & U_GC_N_MASK) != 0) return Kind::number;
  return u_isUWhiteSpace(point) != 0 ? Kind::space : Kind::other;
}

// The pattern ignores case, and the long s is an s to it; capitals are gone already.
bool same_letter(char32_t given, char32_t expected) {
  return given == expected || (expected == U's' && given == U'\u017F');
}

bool starts_with(std::u32string_view text, std::u32string_view expected) {
  return text.size() >= expected.size() &&
         std::equal(expected.begin(), expected.end(), text.begin(),
                    [](char32_t want, char32_t have) { return same_letter(have, want); });
}

}  // namespace

struct ClipTokenizer::State {
  std::int64_t context_length = 0;
  std::u32string start_token;
  std::u32string end_token;
  BytePairs pairs;

  std::int64_t start_id() const { return pairs.symbols(); }
  std::int64_t end_id() const { return pairs.symbols() + 1; }

  /// The word that `text`, which is not empty and does not start with white space, begins with.
  std::u32string_view first_word(std::u32string_view text) const {
    for (const std::u32string_view special :
         {std::u32string_view(start_token), std::u32string_view(end_token)}) {
      if (starts_with(text, special)) return text.substr(0, special.size());
    }
    for (const std::u32string_view contraction : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
      if (starts_with(text, contraction)) return text.substr(0, contraction.size());
    }
    const Kind kind = kind_of(text[0]);
    if (kind == Kind::number) return text.substr(0, 1);
    std::size_t end = 1;
    while (end < text.size() && kind_of(text[end]) == kind) ++end;
    return text.substr(0, end);
  }

  using Cache = std::unordered_map<std::u32string_view, std::vector<std::int64_t>>;

  /// All tokens of a cleaned text, without start and end.
  std::vector<std::int64_t> encode(std::u32string_view text) const {
    std::vector<std::int64_t> tokens;
    Cache known;
    while (!text.empty()) {
      if (kind_of(text[0]) == Kind::space) {
        text.remove_prefix(1);
        continue;
      }
      const std::u32string_view word = first_word(text);
      text.remove_prefix(word.size());
      if (word == start_token || word == end_token) {
        tokens.push_back(word == start_token ? start_id() : end_id());
        continue;
      }
      const auto [place, fresh] = known.try_emplace(word);
      if (fresh) pairs.encode(clip::to_utf8(word), place->second);
      tokens.insert(tokens.end(), place->second.begin(), place->second.end());
    }
    return tokens;
  }
};

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& path) {
  const std::string name = path.string();
  const nlohmann::json json = clip::read_json(path);
  const clip::JsonObject file(json, name);
  file.expect("type", "clip_bpe");
  file.expect("clean", "lower");
  const std::int64_t context_length = file.integer("context_length", 3, 1 << 20);
  const std::vector<std::string> merges = file.strings("merges");
  const auto special = [&](const char* key) {
    const std::string token = file.text(key);
    const std::u32string letters = clip::from_utf8(token);
    if (letters.empty() || clip::lower(letters) != letters) {
      throw FileError(name + ": " + key + ": found \"" + token +
                      "\", expected lower case and at least one character");
    }
    return letters;
  };
  ClipTokenizer tokenizer;
  tokenizer.state_ = std::make_shared<const State>(
      State{context_length, special("start_token"), special("end_token"), BytePairs(merges, name)});
  return tokenizer;
}

std::int64_t ClipTokenizer::context_length() const noexcept { return state_->context_length; }

std::int64_t ClipTokenizer::vocabulary_size() const noexcept { return state_->end_id() + 1; }

std::vector<std::int64_t> ClipTokenizer::encode(std::span<const std::string> texts,
                                                std::vector<std::int64_t>* truncated) const {
  const auto length = static_cast<std::size_t>(state_->context_length);
  std::vector<std::int64_t> all(texts.size() * length, 0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::int64_t* row = all.data() + i * length;
    const std::u32string cleaned = clip::clean_lower(texts[i]);
    const std::vector<std::int64_t> tokens = state_->encode(cleaned);
    const std::size_t kept = std::min(tokens.size(), length - 2);
    row[0] = state_->start_id();
    std::copy_n(tokens.begin(), kept, row + 1);
    row[kept + 1] = state_->end_id();
    if (kept < tokens.size() && truncated != nullptr) truncated->push_back(static_cast<std::int64_t>(i));
  }
  return all;
}

}  // namespace splice_cuda
