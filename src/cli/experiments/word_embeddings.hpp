#pragma once

/// @file word_embeddings.hpp
/// Embeddings of words, before they are centred: by a text tower, out of a dictionary, or from a file.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model_inputs.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct WordArguments {
  ModelArguments model;    ///< embeds any word
  std::string dictionary;  ///< vocabulary and mean; without a model also the embeddings of its own concepts
  std::string embeddings;  ///< [p, d] of the words of `concepts`
  std::string concepts;
  bool any_model = false;
};
void add_word_options(CLI::App& verb, WordArguments& arguments);
/// Files that are read, the model's too, so that outputs do not take their place.
std::vector<std::filesystem::path> word_files(const WordArguments& arguments);

class WordEmbeddings {
 public:
  /// @throws ArgumentError unless there is a dictionary, a model that has one, or embeddings with their words; FileError
  WordEmbeddings(const WordArguments& arguments, const ResourceArguments& resources, bool quiet);

  std::int64_t dim() const noexcept;
  /// Words that random pairs are drawn from.
  const std::vector<std::string>& vocabulary() const noexcept { return space_ ? space_->names() : names_; }
  /// The vocabulary's mean of unit embeddings; empty where the dictionary was not centred.
  const std::vector<float>& mean() const noexcept { return space_ ? space_->text_mean() : mean_; }
  const std::string& dictionary() const noexcept { return dictionary_; }
  bool knows(const std::string& word) const;
  /// Raw embeddings [words.size(), dim]; NaN for a word that is not known.
  void read(std::span<const std::string> words, MatrixView<float> out);

 private:
  void read_stored(std::span<const std::string> words, MatrixView<float> out) const;

  std::optional<ClipEncoder> model_;
  std::string dictionary_;
  std::optional<ConceptSpace> space_;
  std::unique_ptr<io::EmbeddingSource> source_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int64_t> places_;
  std::vector<float> mean_;
};

}  // namespace splice_cuda::cli
