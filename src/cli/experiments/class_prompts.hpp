#pragma once

/// @file class_prompts.hpp
/// The classes of a zero-shot task: their names, and an embedding each, of a text about it or from a file.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "splice_cuda/zero_shot.hpp"

namespace splice_cuda::cli {

/// Each may be given for one task alone, as COLUMN=...; one without a column is for all others.
struct ClassPromptArguments {
  std::vector<std::string> classes;           ///< files, one name a line
  std::vector<std::string> prompts;           ///< templates with {}; several: the mean of their unit embeddings
  std::vector<std::string> class_embeddings;  ///< .npy files [classes, d]
};
/// --classes, --prompt and --class-embeddings.
void add_class_prompt_options(CLI::App& verb, ClassPromptArguments& arguments);

/// One of these options that was given; empty: none was.
std::string given_class_option(const ClassPromptArguments& arguments);

struct ClassTask {
  std::string column;                  ///< of the records
  ZeroShotClassifier classifier;
  std::vector<std::int32_t> of_record; ///< class of each record; -1 where the label is empty or names no class
  std::int64_t unlabelled = 0;         ///< records whose label is empty
  std::int64_t without_class = 0;      ///< records whose label names no class of --classes
};

/// The zero-shot task of a column of the records. Classes without a record keep their place: they can be answered.
/// @param option  that named the column, for messages
/// @param columns all tasks' columns, so that COLUMN= in front of a value is known from a value that holds a '='
/// @throws ArgumentError, FileError (named after their options) for columns that are not there, fewer than two classes, embeddings that do
///         not fit, a prompt without {} or beside embeddings, no model and no embeddings
ClassTask class_task(const std::string& option, const std::string& column, const std::vector<std::string>& columns,
                     const ClassPromptArguments& arguments, ExperimentInputs& inputs);

/// "class_files", "prompts", "class_embeddings", where they were given.
void add_prompt_settings(nlohmann::ordered_json& settings, const ClassPromptArguments& arguments);

/// Files that are read, so that outputs do not take their place.
std::vector<std::filesystem::path> class_prompt_files(const ClassPromptArguments& arguments, const std::vector<std::string>& columns);

}  // namespace splice_cuda::cli
