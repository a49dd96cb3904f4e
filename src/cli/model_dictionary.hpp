#pragma once

/// @file model_dictionary.hpp
/// A dictionary out of a CLIP model and a frequency list, by the paper's rules.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/model_inputs.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/vocabulary_rules.hpp"

namespace splice_cuda::cli {

struct VocabularyArguments {
  std::string vocabulary;  ///< empty: the model's own
  std::string bigrams;
  std::string nsfw_list;
  std::int64_t size = VocabularyRules{}.size;
  std::int64_t bigram_size = VocabularyRules{}.bigram_size;
  std::optional<double> max_cosine;
  std::optional<double> bigram_cosine;
  ModelArguments model;  ///< batch size and precision
  ResourceArguments resources;

  bool given() const {
    return !vocabulary.empty() || !bigrams.empty() || !nsfw_list.empty() || max_cosine || bigram_cosine || size != VocabularyRules{}.size ||
           bigram_size != VocabularyRules{}.bigram_size;
  }
};
void add_vocabulary_options(CLI::App& verb, VocabularyArguments& arguments);

struct ModelDictionaryRequest {
  VocabularyArguments vocabulary;
  std::string model;
  std::string image_mean;
  std::string out;
  BuildOptions options;
  ReportArguments report;
};
/// Embeds, selects, builds, writes, and says which lines were dropped by which rule.
ExitCode build_by_model(const ModelDictionaryRequest& request);

}  // namespace splice_cuda::cli
