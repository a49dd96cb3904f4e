#include "cli/model_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <typeinfo>
#include <utility>

#include "cli/argument_parsing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t texts_at_once = 256;

/// What runs towers is loaded with the first model. Where it is absent, that is as with a device that is.
ClipEncoder load_encoder(const std::string& model, const ClipOptions& options) {
  try {
    return ClipEncoder::load(model, options);
  } catch (const Error& error) {
    if (typeid(error) != typeid(Error)) throw;
    throw ModelsAbsentError(error.what());
  }
}

void list_folder(const std::string& folder, ModelInputs& inputs) {
  std::vector<fs::path> unreadable;
  std::vector<fs::path> found = list_images(folder, &unreadable);
  for (const fs::path& path : unreadable) inputs.skipped.push_back({path.string(), "the folder can't be read"});
  inputs.pictures.insert(inputs.pictures.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

void embed_pictures(ClipEncoder& model, ModelInputs& inputs, const std::string& label, bool quiet, const EmbeddedVisitor& take) {
  ProgressLine progress(label, inputs.size(), quiet, "pictures");
  const auto take_batch = [&](const EmbeddedImages& batch) {
    signals::throw_if_stop_requested();
    if (batch.indices.empty()) return;
    inputs.indices.insert(inputs.indices.end(), batch.indices.begin(), batch.indices.end());
    for (const std::int64_t index : batch.indices) inputs.names.push_back(inputs.pictures[static_cast<std::size_t>(index)].string());
    take(batch.embeddings);
    progress.update(batch.indices.back() + 1);
  };
  const auto sample = [&](std::int64_t index) { return inputs.dataset->image(index); };
  const std::vector<SkippedImage> skipped =
      inputs.dataset ? model.embed_images(inputs.dataset->size(), sample, take_batch) : model.embed_images(inputs.pictures, take_batch);
  for (const SkippedImage& image : skipped) {
    std::string name = inputs.pictures[static_cast<std::size_t>(image.index)].string();
    // Messages about files begin with their names, which are told anyway.
    std::string reason = image.reason.starts_with(name + ": ") ? image.reason.substr(name.size() + 2) : image.reason;
    inputs.skipped.push_back({std::move(name), std::move(reason)});
  }
}

void embed_texts(ClipEncoder& model, ModelInputs& inputs, const std::string& label, bool quiet, const EmbeddedVisitor& take) {
  ProgressLine progress(label, inputs.size(), quiet, "texts");
  std::vector<float> buffer;
  for (std::int64_t first = 0; first < inputs.size(); first += texts_at_once) {
    signals::throw_if_stop_requested();
    const std::int64_t count = std::min(texts_at_once, inputs.size() - first);
    const std::span<const std::string> part = std::span(inputs.texts).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    buffer.resize(static_cast<std::size_t>(count * model.dim()));
    const MatrixView<float> rows(buffer.data(), count, model.dim());
    for (const std::int64_t index : model.embed_texts(part, rows)) inputs.truncated.push_back(first + index);
    inputs.names.insert(inputs.names.end(), part.begin(), part.end());
    take(rows);
    progress.update(first + count);
  }
}

}  // namespace

void add_model_options(CLI::App& verb, ModelArguments& arguments, const std::string& model_help) {
  verb.add_option("--model", arguments.model, model_help)->type_name("DIR");
  add_batch_options(verb, arguments);
}

void add_batch_options(CLI::App& verb, ModelArguments& arguments) {
  add_whole_number(verb, "--batch-size", arguments.batch_size, 1, 65536, "Pictures or texts that the model takes at once");
  add_dtype(verb, "--precision", arguments.precision, "What the model computes in: float32, float16 or bfloat16");
}

std::string given_model_option(const ModelArguments& arguments, bool any_model) {
  const ModelArguments defaults;
  if (any_model) return "--any-model";
  if (arguments.batch_size != defaults.batch_size) return "--batch-size";
  return arguments.precision != defaults.precision ? "--precision" : "";
}

void check_model_options(const ModelArguments& arguments, bool any_model) {
  const std::string given = given_model_option(arguments, any_model);
  if (given.empty() || !arguments.model.empty()) return;
  throw ArgumentError(fmt::format("{}: got it and no --model; expected the model that it is for", given));
}

void add_image_option(CLI::App& verb, ModelArguments& arguments) {
  verb.add_option("--images", arguments.images, "Pictures (JPEG, PNG, WebP) for --model: folders, searched in depth, or files (repeatable)")
      ->type_name("DIR|FILE");
  add_dataset_options(verb, arguments.dataset);
}

void add_text_option(CLI::App& verb, ModelArguments& arguments) {
  verb.add_option("--texts", arguments.texts, "Texts for --model, one a line, UTF-8")->type_name("FILE");
}

void add_model_files(const std::string& model, std::vector<fs::path>& taken) {
  if (model.empty()) return;
  std::error_code error;
  // A folder that can't be listed can't be loaded either, which tells why.
  for (fs::directory_iterator entry(model, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) taken.push_back(entry->path());
  }
}

ClipEncoder load_model(const ModelArguments& arguments, const ResourceArguments& resources) {
  ClipOptions options;
  options.device = Device::parse(resources.device);
  options.precision = arguments.precision;
  options.batch_size = arguments.batch_size;
  options.threads = static_cast<std::int32_t>(resources.threads);
  ClipEncoder model = load_encoder(arguments.model, options);
  if (!arguments.texts.empty() && !model.has_text()) {
    throw ArgumentError(fmt::format("--texts: got '{}' for the model '{}', which has no text tower; expected a model that has one",
                                    arguments.texts, arguments.model));
  }
  return model;
}

ModelInputs find_inputs(const ModelArguments& arguments) {
  std::vector<std::string> given;
  if (!arguments.images.empty()) given.emplace_back("--images");
  if (!arguments.dataset.dataset.empty()) given.emplace_back("--dataset");
  if (!arguments.texts.empty()) given.emplace_back("--texts");
  if (given.size() != 1) {
    throw ArgumentError(given.empty() ? "--images: got none, and neither --dataset nor --texts; expected one of the three with --model"
                                      : fmt::format("{}: got it together with {}; expected one of --images, --dataset and --texts with --model",
                                                    given[0], given[1]));
  }
  ModelInputs inputs;
  if (!arguments.dataset.dataset.empty()) {
    inputs.dataset = open_dataset(arguments.dataset);
    for (std::int64_t i = 0; i < inputs.dataset->size(); ++i) inputs.pictures.emplace_back(inputs.dataset->name(i));
    for (const MissingSample& missing : inputs.dataset->missing()) inputs.skipped.push_back({missing.name, missing.reason});
    return inputs;
  }
  if (!arguments.texts.empty()) {
    inputs.texts = io::read_concept_list(arguments.texts, "text");
    if (inputs.texts.empty()) throw FileError(arguments.texts + ": found no line, expected one text a line");
    return inputs;
  }
  for (const std::string& image : arguments.images) {
    std::error_code error;
    const fs::file_status status = fs::status(image, error);
    if (fs::is_directory(status)) {
      const std::size_t before = inputs.pictures.size();
      list_folder(image, inputs);
      if (inputs.pictures.size() == before) throw FileError(fmt::format("--images: found no picture in '{}', expected .jpg, .jpeg, .png or .webp", image));
    } else if (fs::exists(status)) {
      inputs.pictures.emplace_back(image);
    } else {
      throw FileError(fmt::format("--images: got '{}': no such file; expected a picture or a folder of pictures", image));
    }
  }
  return inputs;
}

std::int64_t embed_in_parts(ClipEncoder& model, std::span<const std::string> texts, MatrixView<float> out) {
  std::int64_t cut_off = 0;
  for (std::int64_t first = 0; first < out.rows; first += texts_at_once) {
    signals::throw_if_stop_requested();
    const std::int64_t count = std::min(texts_at_once, out.rows - first);
    const auto part = texts.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    cut_off += static_cast<std::int64_t>(model.embed_texts(part, out.slice(first, count)).size());
  }
  return cut_off;
}

void tell_skipped(const std::vector<SkippedInput>& skipped, bool quiet) {
  constexpr std::size_t most_told = 100;  // a dataset without its pictures would fill the screen
  for (std::size_t i = 0; i < std::min(most_told, skipped.size()); ++i) {
    print_note(quiet, fmt::format("skipped {}: {}", printable(skipped[i].name), printable(skipped[i].reason)));
  }
  if (skipped.size() > most_told) {
    print_note(quiet, fmt::format("skipped {} more (--json lists all)", grouped(static_cast<std::int64_t>(skipped.size() - most_told))));
  }
}

void embed_inputs(ClipEncoder& model, ModelInputs& inputs, const std::string& label, bool quiet, const EmbeddedVisitor& take) {
  if (inputs.texts.empty()) embed_pictures(model, inputs, label, quiet, take);
  else embed_texts(model, inputs, label, quiet, take);
  tell_skipped(inputs.skipped, quiet);
  for (const std::int64_t row : inputs.truncated) {
    print_note(quiet, fmt::format("line {} is longer than the model's context of {} tokens: its end was cut off", row + 1,
                                  model.tokenizer().context_length()));
  }
  if (inputs.names.empty()) {
    throw FileError(fmt::format("{}: none of {} could be read; the first: {}: {}", inputs.dataset ? "--dataset" : "--images",
                                counted(inputs.size(), "picture"),
                                printable(inputs.skipped.front().name), printable(inputs.skipped.front().reason)));
  }
}

RecordTable records_of(const ModelInputs& inputs) {
  if (inputs.dataset) return inputs.dataset->records();
  RecordTable records;
  if (!inputs.texts.empty()) {
    records.set("text", inputs.texts);
    return records;
  }
  std::vector<std::string> paths;
  std::vector<std::string> labels;
  for (const fs::path& path : inputs.pictures) {
    paths.push_back(path.string());
    labels.push_back(path.parent_path().filename().string());
  }
  records.set("path", std::move(paths));
  records.set("label", std::move(labels));
  return records;
}

std::vector<fs::path> files_of(const ModelInputs& inputs) {
  if (!inputs.dataset) return inputs.pictures;
  std::vector<fs::path> files = inputs.dataset->sources();
  files.insert(files.end(), inputs.dataset->listed_files().begin(), inputs.dataset->listed_files().end());
  return files;
}

std::string inputs_text(const ModelInputs& inputs) {
  std::string text = counted(static_cast<std::int64_t>(inputs.names.size()), inputs.texts.empty() ? "picture" : "text");
  if (!inputs.skipped.empty()) text += fmt::format(", {} skipped", grouped(static_cast<std::int64_t>(inputs.skipped.size())));
  if (!inputs.truncated.empty()) text += fmt::format(", {} cut off", grouped(static_cast<std::int64_t>(inputs.truncated.size())));
  return text;
}

void add_inputs_json(nlohmann::ordered_json& json, const ModelInputs& inputs) {
  json["skipped"] = nlohmann::ordered_json::array();
  for (const SkippedInput& skipped : inputs.skipped) json["skipped"].push_back({{"file", skipped.name}, {"reason", skipped.reason}});
  if (!inputs.texts.empty()) json["truncated"] = inputs.truncated;
}

std::string escaped_line(const std::string& name) {
  std::string line;
  for (const char c : name) {
    if (c == '\\') line += "\\\\";
    else if (c == '\n') line += "\\n";
    else if (c == '\r') line += "\\r";
    else line += c;
  }
  return line;
}

}  // namespace splice_cuda::cli
