#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "concepts/near_concepts.hpp"
#include "concepts/unit_rows.hpp"
#include "core/memory_errors.hpp"
#include "core/validate.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/vocabulary_rules.hpp"

namespace splice_cuda {
namespace {

constexpr std::size_t lines_at_once = 512;

std::vector<std::string> words_of(std::string_view phrase) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = phrase.find_first_not_of(blanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(phrase.find_first_of(blanks, at), phrase.size());
    words.emplace_back(phrase.substr(at, end - at));
    at = end;
  }
  return words;
}

/// A line on its way to become a concept.
struct Candidate {
  std::int64_t line = 0;
  std::string name;
  std::vector<std::string> words;
  std::vector<float> raw;
  std::vector<float> unit;  ///< empty: no direction
};

class Selection {
 public:
  Selection(const Context& context, const TextEmbedder& embed, std::int64_t dim, const VocabularyRules& rules)
      : context_(context), embed_(embed), dim_(dim), rules_(rules), unwanted_(rules.unwanted.begin(), rules.unwanted.end()),
        near_(dim, rules.max_cosine) {}

  /// Takes lines from the last to the first until `size` of them (0: all) are concepts. @returns lines looked at
  std::int64_t walk(const std::vector<std::string>& lines, std::int64_t size, bool bigrams) {
    const auto total = static_cast<std::int64_t>(lines.size());
    const auto wanted = size == 0 ? total : size;
    std::int64_t taken = 0;
    std::int64_t next = total - 1;
    std::int64_t seen = 0;
    while (next >= 0 && taken < wanted) {
      std::vector<Candidate> block;
      // No more than can still be taken: a text costs far more to embed than a smaller block costs in products.
      const std::size_t most = std::min(lines_at_once, static_cast<std::size_t>(wanted - taken));
      for (; next >= 0 && block.size() < most; --next, ++seen) add_candidate(block, lines[static_cast<std::size_t>(next)], next, bigrams);
      embed(block);
      if (bigrams) drop_near_their_words(block);
      taken += take(block, bigrams);
      if (context_.options().cancel && context_.options().cancel()) throw CancelledError("cancelled by the caller");
      if (context_.options().progress) context_.options().progress(taken, wanted);
    }
    return seen;
  }

  SelectedVocabulary result() {
    SelectedVocabulary selected;
    std::reverse(words_.begin(), words_.end());
    std::reverse(bigrams_.begin(), bigrams_.end());
    selected.bigrams = static_cast<std::int64_t>(bigrams_.size());
    for (auto* list : {&bigrams_, &words_}) {
      for (Candidate& concept_ : *list) {
        selected.names.push_back(std::move(concept_.name));
        selected.embeddings.insert(selected.embeddings.end(), concept_.raw.begin(), concept_.raw.end());
        concept_.raw = {};
      }
    }
    selected.dropped = std::move(dropped_);
    return selected;
  }

 private:
  void drop(std::int64_t line, bool bigram, DroppedBy rule, double cosine = 0, std::string rival = {}) {
    dropped_.push_back({line, bigram, rule, cosine, std::move(rival)});
  }

  /// What can be told of a line without its embedding.
  void add_candidate(std::vector<Candidate>& block, const std::string& name, std::int64_t line, bool bigram) {
    if (!io::is_utf8(name)) fail_argument(bigram ? "bigrams" : "words", "line " + std::to_string(line) + " that is not UTF-8", "UTF-8 text");
    Candidate candidate{line, name, words_of(name), {}, {}};
    if (candidate.words.empty()) return drop(line, bigram, DroppedBy::empty_name);
    const bool listed = unwanted_.contains(name) || std::any_of(candidate.words.begin(), candidate.words.end(), [&](const std::string& word) {
      return unwanted_.contains(word);
    });
    if (listed) return drop(line, bigram, DroppedBy::unwanted);
    if (!names_.insert(name).second) return drop(line, bigram, DroppedBy::duplicate_name);
    block.push_back(std::move(candidate));
  }

  std::vector<float> unit_of(std::span<const float> raw) const {
    std::vector<double> row(raw.begin(), raw.end());
    if (!normalize_row(row)) return {};
    return {row.begin(), row.end()};
  }

  std::vector<std::vector<float>> embed_texts(const std::vector<std::string>& texts) const {
    std::vector<float> rows(texts.size() * static_cast<std::size_t>(dim_));
    if (!texts.empty()) embed_(texts, {rows.data(), static_cast<std::int64_t>(texts.size()), dim_});
    std::vector<std::vector<float>> split;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto first = rows.begin() + static_cast<std::ptrdiff_t>(i) * dim_;
      split.emplace_back(first, first + dim_);
    }
    return split;
  }

  void embed(std::vector<Candidate>& block) const {
    std::vector<std::string> texts;
    for (const Candidate& candidate : block) texts.push_back(candidate.name);
    std::vector<std::vector<float>> rows = embed_texts(texts);
    for (std::size_t i = 0; i < block.size(); ++i) {
      block[i].unit = unit_of(rows[i]);
      block[i].raw = std::move(rows[i]);
    }
  }

  /// Unit embeddings of the words of a block's phrases: of concepts as they are kept, of others made now.
  std::unordered_map<std::string, std::vector<float>> word_vectors(const std::vector<Candidate>& block) const {
    std::unordered_map<std::string, std::vector<float>> vectors;
    std::vector<std::string> missing;
    for (const Candidate& candidate : block) {
      for (const std::string& word : candidate.words) {
        if (candidate.words.size() < 2 || vectors.contains(word)) continue;
        const auto known = kept_words_.find(word);
        if (known == kept_words_.end()) missing.push_back(word);
        const std::span<const float> row = known == kept_words_.end() ? std::span<const float>{} : near_.row(known->second);
        vectors[word].assign(row.begin(), row.end());
      }
    }
    const std::vector<std::vector<float>> rows = embed_texts(missing);
    for (std::size_t i = 0; i < missing.size(); ++i) vectors[missing[i]] = unit_of(rows[i]);
    return vectors;
  }

  void drop_near_their_words(std::vector<Candidate>& block) {
    if (rules_.bigram_cosine >= 1) return;
    const auto vectors = word_vectors(block);
    std::vector<Candidate> rest;
    for (Candidate& candidate : block) {
      std::vector<double> mean(static_cast<std::size_t>(dim_), 0.0);
      for (const std::string& word : candidate.words) {
        const auto found = vectors.find(word);
        if (found == vectors.end() || found->second.empty()) continue;
        for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += static_cast<double>(found->second[k]);
      }
      double cosine = 0;
      if (candidate.words.size() > 1 && !candidate.unit.empty() && normalize_row(mean)) {
        for (std::size_t k = 0; k < mean.size(); ++k) cosine += mean[k] * static_cast<double>(candidate.unit[k]);
      }
      if (cosine > rules_.bigram_cosine) drop(candidate.line, true, DroppedBy::near_its_words, cosine);
      else rest.push_back(std::move(candidate));
    }
    block = std::move(rest);
  }

  /// Keeps those of a block that are near neither to what was kept before nor to each other.
  std::int64_t take(std::vector<Candidate>& block, bool bigrams) {
    std::vector<float> rows;
    std::vector<Candidate*> directed;
    for (Candidate& candidate : block) {
      if (candidate.unit.empty()) {
        drop(candidate.line, bigrams, DroppedBy::no_direction);
        continue;
      }
      directed.push_back(&candidate);
      rows.insert(rows.end(), candidate.unit.begin(), candidate.unit.end());
    }
    const MatrixView<const float> units(rows.data(), static_cast<std::int64_t>(directed.size()), dim_);
    const std::int64_t before = near_.size();
    const auto earlier = near_.first_near(context_, units, 0);
    std::int64_t taken = 0;
    for (std::size_t i = 0; i < directed.size(); ++i) {
      std::optional<NearConcept> rival = earlier[i];
      if (!rival) rival = near_.first_near(context_, {units.row(static_cast<std::int64_t>(i)), 1, dim_}, before).front();
      if (rival) {
        drop(directed[i]->line, bigrams, DroppedBy::near_duplicate, rival->cosine, kept_names_[static_cast<std::size_t>(rival->index)]);
        continue;
      }
      near_.add(directed[i]->unit);
      kept_names_.push_back(directed[i]->name);
      if (!bigrams) kept_words_[directed[i]->name] = near_.size() - 1;
      directed[i]->unit = {};  // near_ has it
      (bigrams ? bigrams_ : words_).push_back(std::move(*directed[i]));
      ++taken;
    }
    return taken;
  }

  const Context& context_;
  const TextEmbedder& embed_;
  std::int64_t dim_;
  const VocabularyRules& rules_;
  std::unordered_set<std::string> unwanted_;
  std::unordered_set<std::string> names_;
  NearConcepts near_;
  std::vector<std::string> kept_names_;                          ///< of near_'s rows
  std::unordered_map<std::string, std::int64_t> kept_words_;     ///< row of near_
  std::vector<Candidate> words_;                                 ///< from the most frequent
  std::vector<Candidate> bigrams_;
  std::vector<DroppedLine> dropped_;
};

void check_rules(const VocabularyRules& rules, std::int64_t dim) {
  if (dim < 1 || dim > 65536) fail_argument("dim", std::to_string(dim), "1 to 65536");
  for (const auto& [name, size] : {std::pair{"size", rules.size}, {"bigram_size", rules.bigram_size}}) {
    if (size < 0) fail_argument(name, std::to_string(size), "0 (all) or more");
  }
  for (const auto& [name, cosine] : {std::pair{"max_cosine", rules.max_cosine}, {"bigram_cosine", rules.bigram_cosine}}) {
    if (!(cosine > 0 && cosine <= 1)) fail_argument(name, number_text(cosine), "a number above 0 and at most 1");
  }
}

}  // namespace

const char* to_string(DroppedBy rule) noexcept {
  switch (rule) {
    case DroppedBy::empty_name: return "empty_name";
    case DroppedBy::unwanted: return "unwanted";
    case DroppedBy::duplicate_name: return "duplicate_name";
    case DroppedBy::no_direction: return "no_direction";
    case DroppedBy::near_its_words: return "near_its_words";
    case DroppedBy::near_duplicate: return "near_duplicate";
  }
  return "unknown";
}

SelectedVocabulary select_vocabulary(const Context& context, const std::vector<std::string>& words,
                                     const std::vector<std::string>& bigrams, const TextEmbedder& embed, std::int64_t dim,
                                     const VocabularyRules& rules) {
  check_rules(rules, dim);
  return with_memory_errors("selecting a vocabulary", [&] {
    Selection selection(context, embed, dim, rules);
    const std::int64_t words_seen = selection.walk(words, rules.size, false);
    const std::int64_t bigrams_seen = selection.walk(bigrams, rules.bigram_size, true);
    SelectedVocabulary selected = selection.result();
    // Rules are applied to blocks of lines, one rule after the other.
    std::ranges::sort(selected.dropped, {}, [](const DroppedLine& one) { return std::pair(one.bigram, -one.line); });
    selected.words_seen = words_seen;
    selected.bigrams_seen = bigrams_seen;
    return selected;
  });
}

}  // namespace splice_cuda
