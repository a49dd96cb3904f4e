#include "cli/decompose_inputs.hpp"

#include <fmt/format.h>

#include <optional>

#include "cli/built_by.hpp"
#include "cli/input_checks.hpp"
#include "cli/npy_rows.hpp"
#include "cli/sha256.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t rows_at_once = 128;  // solved together: enough for the solver, few enough for the progress line

}  // namespace

void add_decompose_sources(CLI::App& verb, DecomposeSources& sources) {
  verb.add_option("-d,--dictionary,--vocab", sources.dictionary,
                  "Dictionary (.safetensors of ours, or a .npy of atoms used as they are); default: the model's own")
      ->type_name("FILE");
  verb.add_option("-e,--embeddings,--path", sources.embeddings,
                  "Embeddings [n, d]: .npy (f16, f32, f64), .safetensors, or a folder of img_emb_*.npy")
      ->type_name("PATH");
  add_model_options(verb, sources.model, "CLIP model that makes the embeddings, of --images, --dataset or --texts (docs/model_folder.md)");
  add_image_option(verb, sources.model);
  add_text_option(verb, sources.model);
  verb.add_option("--embeddings-out", sources.embeddings_out, "Keep the model's embeddings here (.npy): verify needs them")->type_name("FILE");
  verb.add_flag("--any-model", sources.any_model, "Take a dictionary that was built by another model");
}

void check_sources(const DecomposeSources& sources, const std::string& image_mean) {
  const bool by_model = !sources.model.model.empty();
  if (!by_model) {
    const auto refuse = [](bool wrong, const char* message) {
      if (wrong) throw ArgumentError(message);
    };
    refuse(sources.dictionary.empty(), "--dictionary: got none, and no --model; expected a dictionary, or a model that has one");
    refuse(sources.embeddings.empty(),
           "--embeddings: got none, and no --model; expected embeddings, or a model with --images, --dataset or --texts");
    refuse(sources.model.has_inputs(), "--images, --dataset, --texts: got one and no --model; expected the model that embeds it");
    refuse(!sources.embeddings_out.empty(),
           "--embeddings-out: got it and no --model; expected a model, whose embeddings it keeps");
    check_model_options(sources.model, sources.any_model);
    return;
  }
  if (!sources.embeddings.empty()) {
    throw ArgumentError(fmt::format("--embeddings: got '{}' together with --model; expected only one of them", sources.embeddings));
  }
  if (image_mean == "batch") {
    throw ArgumentError("--image-mean: got 'batch' together with --model, whose embeddings come but once; expected the mean in a file "
                        "(splice mean), or embeddings (splice embed)");
  }
}

DecomposeInputs::DecomposeInputs(const DecomposeSources& sources, const ResourceArguments& resources, bool quiet)
    : sources_(sources), quiet_(quiet), dictionary_(sources.dictionary) {
  if (sources.model.model.empty()) {
    source_ = io::EmbeddingSource::open(sources.embeddings);
    return;
  }
  inputs_ = find_inputs(sources.model);
  model_.emplace(load_model(sources.model, resources));
  if (!dictionary_.empty()) return;
  const auto own = model_->dictionary_path();
  if (!own) {
    throw ArgumentError(fmt::format("--dictionary: got none, and the model '{}' has none of its own; expected a dictionary (splice dictionary "
                                    "build --model)", sources.model.model));
  }
  dictionary_ = own->string();
}

void DecomposeInputs::check_fits(const ConceptSpace& space) const {
  if (!model_) return check_same_dim(sources_.embeddings, source_->dim(), dictionary_, space.dim());
  check_built_by(*model_, sources_.model.model, space, dictionary_, sources_.any_model);
}

void DecomposeInputs::check_outputs(const std::vector<OutputFile>& outputs, std::vector<std::filesystem::path> taken) const {
  for (std::filesystem::path& file : files_of(inputs_)) taken.push_back(std::move(file));
  for (const std::string& input : {dictionary_, sources_.embeddings, sources_.model.texts}) {
    if (!input.empty()) taken.emplace_back(input);
  }
  add_model_files(sources_.model.model, taken);
  Places places;
  for (const auto& [option, path] : outputs) {
    signals::throw_if_stop_requested();  // a path of penalties has up to 10,000
    check_output(path, taken, option);
    if (!places.add(path)) {
      throw ArgumentError(fmt::format("{}: got '{}' twice among the outputs; expected different files", option, path.string()));
    }
  }
}

std::vector<float> DecomposeInputs::image_mean(std::int64_t dim) const {
  std::vector<float> mean;
  if (model_) mean = model_->image_mean();
  if (static_cast<std::int64_t>(mean.size()) != dim) mean.clear();
  return mean;
}

RowStream DecomposeInputs::stream() {
  if (!model_) return stream_of(*source_);
  return {-1, [this](const BlockLimits&, const BlockVisitor& visit) { walk_model(visit); }};
}

void DecomposeInputs::walk_model(const BlockVisitor& visit) {
  std::optional<NpyRows> kept;
  if (!sources_.embeddings_out.empty()) kept.emplace(sources_.embeddings_out, model_->dim(), io::NpyType::float32);
  std::vector<float> buffer;
  std::int64_t first = 0;
  const auto flush = [&] {
    const std::int64_t rows = static_cast<std::int64_t>(buffer.size()) / model_->dim();
    if (rows > 0) visit(first, {buffer.data(), rows, model_->dim()});
    first += rows;
    buffer.clear();
  };
  embed_inputs(*model_, inputs_, "decompose", quiet_, [&](MatrixView<const float> rows) {
    if (kept) kept->write(rows, false);
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      buffer.insert(buffer.end(), rows.row(i), rows.row(i) + rows.cols);
      if (static_cast<std::int64_t>(buffer.size()) == rows_at_once * rows.cols) flush();
    }
  });
  flush();
  signals::throw_if_stop_requested();
  if (kept) kept->commit();
}

RunSettings DecomposeInputs::run_settings(const ConceptSpace& space, const DecomposeOptions& options, bool raw) const {
  RunSettings settings;
  settings.dictionary = std::filesystem::absolute(dictionary_).string();
  settings.dictionary_sha256 = sha256_of_file(dictionary_);
  const std::string& embeddings = model_ ? sources_.embeddings_out : sources_.embeddings;
  if (!embeddings.empty()) settings.embeddings = std::filesystem::absolute(embeddings).string();
  if (model_) {
    settings.model = std::filesystem::absolute(sources_.model.model).string();
    settings.model_fingerprint = model_->fingerprint();
    settings.names = are_texts() ? "texts" : "pictures";
  }
  settings.solver = to_string(options.solve.solver);
  settings.target_l0 = options.target_l0;
  settings.target_cosine = options.target_cosine;
  const bool target = options.target_l0 > 0 || options.target_cosine > 0;
  if (!target) settings.l1_penalty = static_cast<double>(options.l1_penalty);
  settings.gap_tolerance = options.solve.gap_tolerance;
  settings.nonnegative = options.nonnegative;
  settings.refit = options.refit;
  settings.raw = raw;
  settings.image_mean = space.image_mean();
  return settings;
}

void DecomposeInputs::add_json(nlohmann::ordered_json& json) const {
  if (model_) add_inputs_json(json, inputs_);
}

std::string DecomposeInputs::text() const {
  return model_ && (!inputs_.skipped.empty() || !inputs_.truncated.empty()) ? inputs_text(inputs_) + "\n" : "";
}

}  // namespace splice_cuda::cli
