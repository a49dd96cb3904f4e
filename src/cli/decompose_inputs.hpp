#pragma once

/// @file decompose_inputs.hpp
/// What `decompose` takes apart: embeddings of a file, or what a model makes of pictures and texts.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/input_checks.hpp"
#include "cli/decompose_stream.hpp"
#include "cli/model_inputs.hpp"
#include "cli/run_settings.hpp"

namespace splice_cuda::cli {

struct DecomposeSources {
  std::string dictionary;  ///< empty: the model's own
  std::string embeddings;
  std::string embeddings_out;
  bool any_model = false;
  ModelArguments model;
};
void add_decompose_sources(CLI::App& verb, DecomposeSources& sources);

/// @throws ArgumentError unless there are embeddings and a dictionary, or a model and its inputs
void check_sources(const DecomposeSources& sources, const std::string& image_mean);

class DecomposeInputs {
 public:
  /// Opens embeddings, or loads the model and lists its inputs. `sources` and `resources` have to outlive this.
  /// @throws FileError, ArgumentError, DeviceError
  DecomposeInputs(const DecomposeSources& sources, const ResourceArguments& resources, bool quiet);
  DecomposeInputs(const DecomposeInputs&) = delete;
  DecomposeInputs& operator=(const DecomposeInputs&) = delete;

  const std::string& dictionary() const noexcept { return dictionary_; }
  /// Equal lengths; a dictionary of this very model, where it says of which it is.
  /// @throws ArgumentError
  void check_fits(const ConceptSpace& space) const;
  /// @param taken  what is read beside these inputs
  /// @throws FileError, ArgumentError for outputs that are inputs, or each other
  void check_outputs(const std::vector<OutputFile>& outputs, std::vector<std::filesystem::path> taken) const;

  /// None for embeddings of a file.
  ClipEncoder* model() noexcept { return model_ ? &*model_ : nullptr; }
  bool are_texts() const noexcept { return !inputs_.texts.empty(); }
  /// Of embeddings from a file.
  const io::EmbeddingSource& source() const { return *source_; }
  /// Of the file, or inputs that were listed.
  std::int64_t rows() const noexcept { return source_ ? source_->rows() : inputs_.size(); }
  /// The model's, where it has one of that length; else empty.
  std::vector<float> image_mean(std::int64_t dim) const;
  /// Can be walked once where a model makes the rows. Refers to this object.
  RowStream stream();

  /// Of the rows that were walked over; empty for embeddings of a file.
  const std::vector<std::string>& names() const noexcept { return inputs_.names; }
  /// Pictures that were listed, and which of them gave the rows that were walked over; empty for embeddings and texts.
  const std::vector<std::filesystem::path>& listed() const noexcept { return inputs_.pictures; }
  /// What makes the listed pictures, where they are no files of --images; else nothing.
  const Dataset* dataset() const noexcept { return inputs_.dataset ? &*inputs_.dataset : nullptr; }
  /// A record for each of the listed pictures.
  RecordTable records() const { return records_of(inputs_); }
  const std::vector<std::int64_t>& indices() const noexcept { return inputs_.indices; }
  bool by_model() const noexcept { return model_.has_value(); }
  bool pictures() const noexcept { return model_ && !are_texts(); }
  /// What a codes.npz of these inputs remembers; concepts that are banned come from the caller. Reads all of the dictionary, for its SHA-256.
  RunSettings run_settings(const ConceptSpace& space, const DecomposeOptions& options, bool raw) const;
  /// What was skipped or cut off.
  void add_json(nlohmann::ordered_json& json) const;
  std::string text() const;

 private:
  void walk_model(const BlockVisitor& visit);

  const DecomposeSources& sources_;
  bool quiet_;
  std::string dictionary_;
  std::unique_ptr<io::EmbeddingSource> source_;
  std::optional<ClipEncoder> model_;
  ModelInputs inputs_;
};

}  // namespace splice_cuda::cli
