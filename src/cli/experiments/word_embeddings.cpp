#include "cli/experiments/word_embeddings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "cli/built_by.hpp"
#include "cli/image_mean.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/relevance.hpp"

namespace splice_cuda::cli {
namespace {

void check(const WordArguments& a) {
  const bool stored = !a.embeddings.empty() || !a.concepts.empty();
  if (stored && (!a.dictionary.empty() || !a.model.model.empty())) {
    throw ArgumentError(fmt::format("--embeddings: got '{}' together with --dictionary or --model; expected only one source of words",
                                    a.embeddings.empty() ? a.concepts : a.embeddings));
  }
  if (stored && (a.embeddings.empty() || a.concepts.empty())) {
    throw ArgumentError("--embeddings, --concepts: got only one of them; expected both: embeddings, and the word of each row");
  }
  if (!stored && a.dictionary.empty() && a.model.model.empty()) {
    throw ArgumentError("--dictionary: got none, and no --model and no --embeddings; expected one of them, which has the words");
  }
  check_model_options(a.model, a.any_model);
}

}  // namespace

void add_word_options(CLI::App& verb, WordArguments& a) {
  add_model_options(verb, a.model, "CLIP model whose text tower embeds the words (docs/model_folder.md)");
  verb.add_option("-d,--dictionary", a.dictionary, "Dictionary: its vocabulary and mean and, without a model, its concepts' embeddings; default: the model's own")
      ->type_name("FILE");
  verb.add_flag("--any-model", a.any_model, "Take a dictionary that was built by another model");
  verb.add_option("-e,--embeddings", a.embeddings, "Raw embeddings [p, d] of words, in place of both; with --concepts")->type_name("PATH");
  verb.add_option("-c,--concepts", a.concepts, "The word of each row of --embeddings, one a line")->type_name("FILE");
}

std::vector<std::filesystem::path> word_files(const WordArguments& a) {
  std::vector<std::filesystem::path> files;
  for (const std::string& file : {a.dictionary, a.embeddings, a.concepts}) {
    if (!file.empty()) files.emplace_back(file);
  }
  add_model_files(a.model.model, files);
  return files;
}

WordEmbeddings::WordEmbeddings(const WordArguments& a, const ResourceArguments& resources, bool quiet) : dictionary_(a.dictionary) {
  check(a);
  if (!a.embeddings.empty()) {
    source_ = io::EmbeddingSource::open(a.embeddings);
    names_ = io::read_concept_list(a.concepts);
    if (static_cast<std::int64_t>(names_.size()) != source_->rows()) {
      throw ArgumentError(fmt::format("--concepts: got {} lines in '{}'; expected {}, one for each row of '{}'", names_.size(), a.concepts, source_->rows(),
                                      a.embeddings));
    }
    for (std::size_t i = 0; i < names_.size(); ++i) places_.emplace(names_[i], static_cast<std::int64_t>(i));
    mean_ = mean_of_unit_rows(*source_, quiet).mean();
    return;
  }
  if (!a.model.model.empty()) {
    model_.emplace(load_model(a.model, resources));
    model_->tokenizer();  // says that there is no text tower
    if (dictionary_.empty() && model_->dictionary_path()) dictionary_ = model_->dictionary_path()->string();
    if (dictionary_.empty()) {
      throw ArgumentError(fmt::format("--dictionary: got none, and the model '{}' has none of its own; expected a dictionary, whose vocabulary and mean are "
                                      "used", a.model.model));
    }
  }
  space_.emplace(ConceptSpace::load(dictionary_));
  if (model_) check_built_by(*model_, a.model.model, *space_, dictionary_, a.any_model);
}

std::int64_t WordEmbeddings::dim() const noexcept { return space_ ? space_->dim() : source_->dim(); }

bool WordEmbeddings::knows(const std::string& word) const {
  if (model_) return true;
  return space_ ? space_->find(word).has_value() : places_.contains(word);
}

void WordEmbeddings::read(std::span<const std::string> words, MatrixView<float> out) {
  if (!model_) return read_stored(words, out);
  embed_in_parts(*model_, words, out);
}

void WordEmbeddings::read_stored(std::span<const std::string> words, MatrixView<float> out) const {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const MatrixView<float> row = out.slice(static_cast<std::int64_t>(i), 1);
    if (!knows(words[i])) std::fill_n(row.data, row.cols, std::numeric_limits<float>::quiet_NaN());
    else if (space_) uncentered_atoms(*space_, std::array{*space_->find(words[i])}, row);
    else source_->read(places_.at(words[i]), row);
  }
}

}  // namespace splice_cuda::cli
