#pragma once

/// @file code_inputs.hpp
/// Codes that experiments walk over: made of embeddings or pictures on the way, or stored ones.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "cli/stored_codes.hpp"

namespace splice_cuda::cli {

struct CodeArguments {
  ExperimentArguments experiment;
  std::string codes;  ///< a codes.npz in place of what would make them; empty: none
};
/// add_experiment_options, and --codes.
void add_code_options(CLI::App& verb, CodeArguments& arguments);

/// Some rows' codes. A file that is not ours may know neither reports nor cosines: both are empty then.
struct CodeBlock {
  std::span<const std::int64_t> records;  ///< index of each row's record, ascending
  const SparseCodes& codes;
  std::span<const RowReport> reports;
  std::span<const float> cosine;
};

class CodeInputs {
 public:
  /// @throws FileError, ArgumentError, DeviceError
  explicit CodeInputs(const CodeArguments& arguments);

  const ConceptSpace& space() const { return stored_ ? *space_ : experiment_->space(); }
  /// Of --records; where these have none, `path` and `label` (the folder's name) of rows that are pictures, `text` of texts.
  const RecordTable& records() const { return stored_ ? records_ : experiment_->records(); }
  /// @throws ArgumentError that names the option and lists the columns there are
  RowGroups groups(const std::string& option, const std::string& column) const;
  /// The groups of a column; without one all rows are the group "all", and `of_row` is empty.
  RowGroups groups_or_all(const std::string& option, const std::string& column) const;
  bool quiet() const noexcept { return arguments_.experiment.report.quiet; }

  /// The code of a row, by its number or name, or of a picture's path where a model makes the codes. Before the walk.
  /// @throws ArgumentError, FileError
  OneCode find_code(const std::string& option, const std::string& wanted);

  using Visitor = std::function<void(const CodeBlock&)>;
  /// In order. Codes that are made on the way are not kept; stored ones are in memory.
  void walk(const Visitor& visit);

  /// Inputs and options for a result document; after the walk also what was skipped.
  nlohmann::ordered_json settings() const;
  /// After the walk: that every code is empty, and which penalty would do; else empty.
  const std::string& empty_codes() const { return stored_ ? empty_codes_ : experiment_->empty_codes(); }

 private:
  const CodeArguments& arguments_;
  std::optional<StoredCodes> stored_;
  std::optional<ExperimentInputs> experiment_;  ///< where codes are not stored
  std::optional<ConceptSpace> space_;
  RecordTable records_;
  std::string empty_codes_;
};

}  // namespace splice_cuda::cli
