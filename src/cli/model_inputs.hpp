#pragma once

/// @file model_inputs.hpp
/// A CLIP model, and the pictures or texts that are put through it.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/dataset_arguments.hpp"
#include "cli/problem_arguments.hpp"
#include "splice_cuda/clip.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

struct ModelArguments {
  std::string model;
  std::vector<std::string> images;  ///< folders and files
  DatasetArguments dataset;         ///< instead of images
  std::string texts;                ///< a file with one text a line
  std::int64_t batch_size = ClipOptions{}.batch_size;
  DType precision = DType::float32;

  bool has_inputs() const noexcept { return !images.empty() || !dataset.dataset.empty() || !texts.empty(); }
};
/// --batch-size and --precision.
void add_batch_options(CLI::App& verb, ModelArguments& arguments);
/// --model, --batch-size and --precision.
void add_model_options(CLI::App& verb, ModelArguments& arguments, const std::string& model_help);
/// One of these options, or --any-model, that was given something else than its default; empty: none was.
std::string given_model_option(const ModelArguments& arguments, bool any_model);
/// @throws ArgumentError where one was given and no --model, so that it would go unheeded
void check_model_options(const ModelArguments& arguments, bool any_model);
/// --images, and --dataset with what chooses among its samples.
void add_image_option(CLI::App& verb, ModelArguments& arguments);
void add_text_option(CLI::App& verb, ModelArguments& arguments);

/// Adds every file of a model's folder: outputs must not take the place of one.
void add_model_files(const std::string& model, std::vector<std::filesystem::path>& taken);

/// What runs models is missing, or is of another build.
class ModelsAbsentError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// @throws FileError; DeviceError, ModelsAbsentError where LibTorch is absent; ArgumentError for texts and a model without text tower
ClipEncoder load_model(const ModelArguments& arguments, const ResourceArguments& resources);

struct SkippedInput {
  std::string name;
  std::string reason;
};

/// Notes on stderr: a line each, of many only the first.
void tell_skipped(const std::vector<SkippedInput>& skipped, bool quiet);

/// What is to be embedded, and, afterwards, what was.
struct ModelInputs {
  std::vector<std::filesystem::path> pictures;  ///< of a dataset what its samples are called, which need not be paths
  std::optional<Dataset> dataset;               ///< makes the pictures, where there is one
  std::vector<std::string> texts;
  std::vector<SkippedInput> skipped;        ///< folders and pictures that can't be read
  std::vector<std::string> names;           ///< of the rows that were embedded: the pictures' paths, or the texts
  std::vector<std::int64_t> indices;        ///< of the pictures that were embedded, into `pictures`
  std::vector<std::int64_t> truncated;      ///< rows whose text was longer than the model's context

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(pictures.size() + texts.size()); }
};

/// Lists folders, in the order given. @throws FileError for a path that is neither file nor folder, folders without a picture, a
/// list without a text; ArgumentError where several of the three kinds are given, or none
ModelInputs find_inputs(const ModelArguments& arguments);

/// Embeds texts into `out` [texts.size(), dim], some at a time: a Ctrl-C is heard in between.
/// @returns how many were cut off
std::int64_t embed_in_parts(ClipEncoder& model, std::span<const std::string> texts, MatrixView<float> out);

/// Called with rows [count, dim]; names of `inputs` has theirs at its end.
using EmbeddedVisitor = std::function<void(MatrixView<const float>)>;

/// Embeds all, in order, and says on stderr what was skipped or cut off. Nothing but their names grows with the inputs.
/// @param label  of the progress line
/// @throws FileError where not one picture could be read
void embed_inputs(ClipEncoder& model, ModelInputs& inputs, const std::string& label, bool quiet, const EmbeddedVisitor& take);

/// A record for each picture or text, embedded or not: a dataset's own; of --images `path` and `label`, the name of the folder it lies in; of
/// texts `text`.
RecordTable records_of(const ModelInputs& inputs);
/// Files that were read, and those of a dataset that were not chosen, which outputs must not take the place of.
std::vector<std::filesystem::path> files_of(const ModelInputs& inputs);

/// "12 pictures embedded, 2 skipped" and the like.
std::string inputs_text(const ModelInputs& inputs);
/// Adds "skipped": [{"file", "reason"}] and, of texts, "truncated": [row].
void add_inputs_json(nlohmann::ordered_json& json, const ModelInputs& inputs);

/// A name as a line of a file: backslash, line feed and carriage return as \\, \n, \r.
std::string escaped_line(const std::string& name);

}  // namespace splice_cuda::cli
