#pragma once

/// @file experiment_inputs.hpp
/// What experiments walk over: embeddings or pictures, each with its record, and the dictionary.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
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
  MeanArguments mean;
  SolverArguments solver;
  std::int64_t target_l0 = 0;  ///< 0: none
  ResourceArguments resources;
  std::string out;             ///< result document (.json)
  ReportArguments report;
};
/// Dictionary, embeddings with --records, or a model with pictures; the problem; resources; --out, --json, --quiet.
void add_experiment_options(CLI::App& verb, ExperimentArguments& arguments);

class ExperimentInputs {
 public:
  /// @throws FileError, ArgumentError (records of another number than rows), DeviceError
  explicit ExperimentInputs(const ExperimentArguments& arguments);

  const ConceptSpace& space() const noexcept { return space_; }
  /// Of embeddings those of --records; of a dataset its own columns; of pictures `path` and `label`, the name of the folder it lies in.
  const RecordTable& records() const noexcept { return records_; }
  /// @throws ArgumentError that names the option and lists the columns there are
  RowGroups groups(const std::string& option, const std::string& column) const;

  /// Options of --l1-penalty, --target-l0 and the like.
  DecomposeOptions options() const;
  const ResourceArguments& resources() const noexcept { return resources_; }

  /// Raw embeddings [count, dim] in order, with the index of each one's record: pictures that can't be read are left out. A model's
  /// can be walked once.
  using RowVisitor = std::function<void(std::span<const std::int64_t> records, MatrixView<const float> raw)>;
  void walk(const RowVisitor& visit);
  /// The same, decomposed with `options()`. Nothing is kept, so memory does not grow with the number of rows.
  using CodeVisitor = std::function<void(const Context& context, std::span<const std::int64_t> records, MatrixView<const float> raw,
                                         const DecomposeResult& result)>;
  void walk_codes(const CodeVisitor& visit);

  /// Inputs and options for a result document; after the walk also what was skipped.
  nlohmann::ordered_json settings() const;
  /// Outputs beside --out that must not take the place of an input. @throws ArgumentError, FileError
  void check_outputs(const std::vector<std::filesystem::path>& outputs) const;

 private:
  const ExperimentArguments& arguments_;
  ResourceArguments resources_;
  DecomposeInputs inputs_;
  ConceptSpace space_;
  RecordTable records_;
};

}  // namespace splice_cuda::cli
