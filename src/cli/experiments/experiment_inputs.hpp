#pragma once

/// @file experiment_inputs.hpp
/// What experiments walk over: embeddings or pictures, each with its record, and the dictionary.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/decompose_inputs.hpp"
#include "cli/mean_choice.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/dataset.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda::cli {

struct ExperimentArguments {
  DecomposeSources sources;
  std::string records;  ///< table with a record a row of the embeddings
  bool takes_texts = false;    ///< set by verbs that need texts: --model may then stand beside --embeddings, for texts alone
  MeanArguments mean;
  SolverArguments solver;
  std::int64_t target_l0 = 0;  ///< 0: none
  ResourceArguments resources;
  std::string out;             ///< result document (.json)
  ReportArguments report;
};
/// Dictionary, embeddings with --records, or a model with pictures; the problem; resources; --out, --json, --quiet.
void add_experiment_options(CLI::App& verb, ExperimentArguments& arguments);

/// Rows by a column of their records. @throws ArgumentError that names the option and lists the columns there are
RowGroups find_row_groups(const RecordTable& records, const std::string& option, const std::string& column);

/// The code of one row, and which row that is; none for a picture from elsewhere.
struct OneCode {
  DecomposeResult result;
  std::optional<std::int64_t> record;
};

/// The table of --records, a record for each row. @param file  whose `rows` rows they are. @throws FileError; ArgumentError where there are more or fewer
RecordTable read_row_records(const ExperimentArguments& arguments, std::int64_t rows, const std::string& file);

class ExperimentInputs {
 public:
  /// @throws FileError, ArgumentError (records of another number than rows), DeviceError
  explicit ExperimentInputs(const ExperimentArguments& arguments);

  const ConceptSpace& space() const noexcept { return space_; }
  /// Of embeddings those of --records; of a dataset its own columns; of pictures `path` and `label`, the name of the folder it lies in; of texts `text`.
  const RecordTable& records() const noexcept { return records_; }
  /// @throws ArgumentError that names the option and lists the columns there are
  RowGroups groups(const std::string& option, const std::string& column) const { return find_row_groups(records_, option, column); }

  /// Rows that a walk may come to: embeddings, or pictures that were listed, some of which may not be readable.
  std::int64_t rows() const noexcept { return inputs_.rows(); }

  /// Of embeddings from a file alone.
  const io::EmbeddingSource& source() const { return inputs_.source(); }

  /// Options of --l1-penalty, --target-l0 and the like.
  DecomposeOptions options() const;
  const ResourceArguments& resources() const noexcept { return resources_; }

  PrepareOptions prepare() const;
  bool raw() const noexcept { return arguments_.mean.raw; }
  bool quiet() const noexcept { return arguments_.report.quiet; }
  /// Whether a model makes the rows, so that they come but once.
  bool walks_once() const noexcept { return inputs_.by_model(); }

  /// Whether text_model would find a text tower.
  bool has_text_model();
  /// The model's text tower: that of the pictures' model, or of --model beside --embeddings. During a walk of
  /// pictures only between two blocks, that is in a visitor.
  /// @param lacking  what is missing without it: "--class-embeddings: got none"
  /// @throws ArgumentError where there is no model, or one without text tower, or where the dictionary was built by another (--any-model)
  ClipEncoder& text_model(const std::string& lacking);

  /// Raw embeddings [count, dim] in order, with the index of each one's record: pictures that can't be read are left out. A model's
  /// can be walked once.
  using RowVisitor = std::function<void(std::span<const std::int64_t> records, MatrixView<const float> raw)>;
  void walk(const RowVisitor& visit);
  /// The same, decomposed with `options()`. Nothing is kept, so memory does not grow with the number of rows.
  using CodeVisitor = std::function<void(const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw,
                                         const DecomposeResult& result)>;
  void walk_codes(const CodeVisitor& visit);
  /// After walk_codes: that every code is empty, and which penalty would do (it was told on stderr); else empty.
  const std::string& empty_codes() const noexcept { return empty_codes_; }
  /// The code of one row, by its number or its record's `path`, or of any picture where a model makes the embeddings. Not during a walk.
  /// @throws ArgumentError, FileError
  OneCode find_code(const std::string& option, const std::string& wanted);

  /// Names of the rows that were walked over: pictures or texts; empty for stored embeddings.
  const std::vector<std::string>& row_names() const noexcept { return inputs_.names(); }
  /// What a codes.npz of these inputs remembers.
  RunSettings run_settings() const { return inputs_.run_settings(space_, options(), raw()); }
  /// Inputs and options for a result document; after the walk also what was skipped.
  nlohmann::ordered_json settings() const;
  /// Outputs beside --out that must not take the place of an input, nor of others that the verb reads. @throws ArgumentError, FileError
  void check_outputs(const std::vector<OutputFile>& outputs, const std::vector<std::filesystem::path>& more_inputs = {}) const;

 private:
  /// Of --model; null without one.
  ClipEncoder* given_model() noexcept;
  std::vector<float> embed_picture(const std::string& option, const std::string& wanted, std::optional<std::int64_t>& record);

  const ExperimentArguments& arguments_;
  ResourceArguments resources_;
  std::optional<ClipEncoder> text_model_;  ///< beside stored embeddings; before sources_, which may be its dictionary
  DecomposeSources sources_;               ///< what is walked over
  DecomposeInputs inputs_;
  ConceptSpace space_;
  RecordTable records_;
  std::string empty_codes_;
};

}  // namespace splice_cuda::cli
