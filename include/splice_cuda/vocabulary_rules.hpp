#pragma once

/// @file vocabulary_rules.hpp
/// Which words and phrases of a frequency list become concepts (arXiv 2402.10376, section 4 and appendix).

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/context.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

struct VocabularyRules {
  std::int64_t size = 10000;         ///< most words; 0 = as many as there are
  std::int64_t bigram_size = 5000;   ///< most phrases; 0 = as many as there are
  double max_cosine = 0.9;           ///< two concepts are never nearer than this; 1 = no such rule
  double bigram_cosine = 0.9;        ///< a phrase is never nearer than this to the mean of its words; 1 = no such rule
  /// Words (NSFW, ...), spelt as in the lists: they, and phrases that contain one, are left out.
  std::vector<std::string> unwanted = {};
};

/// Why a line did not become a concept. The first rule that holds, in this order, is the one named.
enum class DroppedBy : std::uint8_t {
  empty_name,      ///< nothing but blanks and tabs
  unwanted,        ///< it is, or contains, one of `unwanted`
  duplicate_name,  ///< a more frequent line has the same text
  no_direction,    ///< its embedding is zero, or holds NaN or infinity
  near_its_words,  ///< a phrase: cosine with the mean of its words' unit embeddings > bigram_cosine
  near_duplicate,  ///< cosine with a concept that was taken before > max_cosine
};

const char* to_string(DroppedBy rule) noexcept;

struct DroppedLine {
  std::int64_t line = 0;  ///< from 0, in the list it stands in
  bool bigram = false;    ///< in the list of phrases
  DroppedBy rule = DroppedBy::empty_name;
  double cosine = 0;      ///< of the last two rules
  std::string rival;      ///< near_duplicate: the most frequent concept that is too near
};

struct SelectedVocabulary {
  std::vector<std::string> names;    ///< phrases, then words, each ascending by frequency
  std::vector<float> embeddings;     ///< [names.size(), dim] as the embedder gave them
  std::int64_t bigrams = 0;          ///< the first so many names are phrases
  std::vector<DroppedLine> dropped;  ///< in the order in which lines were looked at: words first, from the most frequent
  std::int64_t words_seen = 0;       ///< lines looked at until the size was reached
  std::int64_t bigrams_seen = 0;
};

/// Embeds texts into `out` [texts.size(), dim]. Raw: need not be of unit length.
using TextEmbedder = std::function<void(std::span<const std::string> texts, MatrixView<float> out)>;

/// Walks both lists from the last line (the most frequent) to the first, words before phrases, and takes each line that
/// breaks no rule until the sizes are reached; so of two near duplicates the more frequent stays, and a word rather than a
/// phrase. Texts are embedded in blocks, as they are needed, each at most once but for the words of phrases. Cosines are
/// between raw embeddings scaled to length 1, not centred; those close to a limit are decided in fp64.
/// @param words    ascending by frequency
/// @param bigrams  phrases, words parted by blanks, ascending by frequency; a single word is held to the words' rules only
/// @param dim      length of an embedding
/// @throws ArgumentError for sizes below 0, cosines outside (0, 1], text that is not UTF-8, dim outside [1, 65536]
/// @throws CancelledError; OutOfMemoryError
SelectedVocabulary select_vocabulary(const Context& context, const std::vector<std::string>& words,
                                     const std::vector<std::string>& bigrams, const TextEmbedder& embed, std::int64_t dim,
                                     const VocabularyRules& rules = {});

}  // namespace splice_cuda
