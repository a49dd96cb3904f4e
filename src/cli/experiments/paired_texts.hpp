#pragma once

/// @file paired_texts.hpp
/// A text for each row: a column of the records or lines of a file through a text tower, or embeddings of a file.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "io/embedding_source.hpp"

namespace splice_cuda::cli {

struct PairedTextArguments {
  std::string captions;         ///< column of the records
  std::string captions_file;    ///< one text a line
  std::string text_embeddings;  ///< [n, d]
};
/// --captions, --captions-file.
void add_caption_options(CLI::App& verb, PairedTextArguments& arguments);
/// The same and --text-embeddings.
void add_paired_text_options(CLI::App& verb, PairedTextArguments& arguments);
/// Files that are read, so that outputs do not take their place.
std::vector<std::filesystem::path> paired_text_files(const PairedTextArguments& arguments);

/// Captions, one a row; unless paired any number where they are a file's.
/// @throws ArgumentError (none or several sources, no such column, another number than rows), FileError
std::vector<std::string> read_captions(const PairedTextArguments& arguments, const ExperimentInputs& inputs, bool paired = true);

class PairedTexts {
 public:
  /// `inputs` has to outlive this.
  /// @throws ArgumentError, FileError as above; ArgumentError for captions without a text tower, texts of another length than the atoms
  /// @param paired  as many texts as rows are expected
  PairedTexts(const PairedTextArguments& arguments, ExperimentInputs& inputs, bool paired = true);

  std::int64_t size() const noexcept { return source_ ? source_->rows() : static_cast<std::int64_t>(captions_.size()); }
  /// Raw embeddings [records.size(), dim] of the texts of these rows. May be called while pictures are walked over.
  void read(std::span<const std::int64_t> records, MatrixView<float> out);
  /// Adds where the texts are from and, where there were any, "captions_cut_off": how many were longer than the model's context.
  void add_settings(nlohmann::ordered_json& settings) const;

 private:
  PairedTextArguments arguments_;
  ExperimentInputs& inputs_;
  std::vector<std::string> captions_;
  std::unique_ptr<io::EmbeddingSource> source_;
  std::int64_t cut_off_ = 0;
};

/// Verbs that pair rows with texts take no --texts and no --raw. @throws ArgumentError
void check_pairing(const ExperimentArguments& arguments);

/// A copy of some rows of a view, below what is there.
void append_rows(std::vector<float>& to, MatrixView<const float> rows);

}  // namespace splice_cuda::cli
