#include "cli/experiments/paired_texts.hpp"

#include <fmt/format.h>

#include "cli/model_inputs.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t rows_between_stops = 256;

int given(const PairedTextArguments& a) { return !a.captions.empty() + !a.captions_file.empty() + !a.text_embeddings.empty(); }

std::vector<std::string> column_of(const PairedTextArguments& arguments, const ExperimentInputs& inputs) {
  if (inputs.records().names().empty()) {
    throw ArgumentError(fmt::format("--captions: got '{}', and no records; expected --records beside --embeddings, or --captions-file", arguments.captions));
  }
  try {
    return inputs.records().column(arguments.captions);
  } catch (const ArgumentError& error) {
    throw ArgumentError(std::string("--captions: ") + error.what());
  }
}

}  // namespace

void add_caption_options(CLI::App& verb, PairedTextArguments& arguments) {
  verb.add_option("--captions", arguments.captions, "Column of the records that holds each row's text, for the model's text tower")->type_name("COLUMN");
  verb.add_option("--captions-file", arguments.captions_file, "A text for each row, one a line (of pictures in the order they are listed)")
      ->type_name("FILE");
}

void add_paired_text_options(CLI::App& verb, PairedTextArguments& arguments) {
  add_caption_options(verb, arguments);
  verb.add_option("--text-embeddings", arguments.text_embeddings, "Embeddings of the texts [n, d], a row for each row, in place of a text tower")
      ->type_name("PATH");
}

std::vector<std::filesystem::path> paired_text_files(const PairedTextArguments& arguments) {
  std::vector<std::filesystem::path> files;
  for (const std::string& file : {arguments.captions_file, arguments.text_embeddings}) {
    if (!file.empty()) files.emplace_back(file);
  }
  return files;
}

std::vector<std::string> read_captions(const PairedTextArguments& arguments, const ExperimentInputs& inputs, bool paired) {
  if (given(arguments) != 1) {
    throw ArgumentError(fmt::format("--captions: got {} of --captions, --captions-file and --text-embeddings; expected one, which gives each row its text",
                                    given(arguments) == 0 ? "none" : "several"));
  }
  if (arguments.captions_file.empty()) return column_of(arguments, inputs);
  std::vector<std::string> captions = io::read_concept_list(arguments.captions_file, "caption");
  if (!paired || static_cast<std::int64_t>(captions.size()) == inputs.rows()) return captions;
  throw ArgumentError(fmt::format("--captions-file: got {} lines in '{}'; expected {}, one for each row", captions.size(), arguments.captions_file,
                                  inputs.rows()));
}

PairedTexts::PairedTexts(const PairedTextArguments& arguments, ExperimentInputs& inputs, bool paired) : arguments_(arguments), inputs_(inputs) {
  if (given(arguments) != 1 || arguments.text_embeddings.empty()) {
    captions_ = read_captions(arguments, inputs, paired);
    inputs.text_model("--text-embeddings: got none");
    return;
  }
  source_ = io::EmbeddingSource::open(arguments.text_embeddings);
  if (source_->dim() != inputs.space().dim()) {
    throw ArgumentError(fmt::format("--text-embeddings: got rows of {} numbers in '{}'; expected {}, the length of the atoms", source_->dim(),
                                    arguments.text_embeddings, inputs.space().dim()));
  }
  if (paired && source_->rows() != inputs.rows()) {
    throw ArgumentError(fmt::format("--text-embeddings: got {} rows in '{}'; expected {}, one for each row", source_->rows(), arguments.text_embeddings,
                                    inputs.rows()));
  }
}

void PairedTexts::read(std::span<const std::int64_t> records, MatrixView<float> out) {
  if (source_) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (i % rows_between_stops == 0) signals::throw_if_stop_requested();
      source_->read(records[i], out.slice(static_cast<std::int64_t>(i), 1));
    }
    return;
  }
  ClipEncoder& model = inputs_.text_model("--text-embeddings: got none");
  std::vector<std::string> texts;
  texts.reserve(records.size());
  for (const std::int64_t record : records) texts.push_back(captions_[static_cast<std::size_t>(record)]);
  cut_off_ += embed_in_parts(model, texts, out);
}

void PairedTexts::add_settings(nlohmann::ordered_json& settings) const {
  if (!arguments_.captions.empty()) settings["captions"] = arguments_.captions;
  if (!arguments_.captions_file.empty()) settings["captions_file"] = arguments_.captions_file;
  if (!arguments_.text_embeddings.empty()) settings["text_embeddings"] = arguments_.text_embeddings;
  if (cut_off_ > 0) settings["captions_cut_off"] = cut_off_;
}

void check_pairing(const ExperimentArguments& arguments) {
  if (!arguments.sources.model.texts.empty()) {
    throw ArgumentError(fmt::format("--texts: got '{}'; expected --images or --embeddings, whose rows belong to texts (--captions-file)",
                                    arguments.sources.model.texts));
  }
  if (arguments.mean.raw) throw ArgumentError("--raw: got it; expected raw embeddings, which are normalised and centred here");
}

void append_rows(std::vector<float>& to, MatrixView<const float> rows) {
  for (std::int64_t i = 0; i < rows.rows; ++i) to.insert(to.end(), rows.row(i), rows.row(i) + rows.cols);
}

}  // namespace splice_cuda::cli
