#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "clip/decoding_line.hpp"
#include "clip/load_tower.hpp"
#include "clip/model_folder.hpp"
#include "clip/preprocess.hpp"
#include "clip/whole_image.hpp"
#include "core/parallel.hpp"
#include "io/npy.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda {
namespace {

using clip::ModelFolder;
using clip::Tower;

void check_options(const ClipOptions& options) {
  const auto fail = [](const char* name, std::int64_t given, const char* expected) {
    throw ArgumentError(std::string(name) + ": " + std::to_string(given) + " given, expected " + expected);
  };
  if (options.batch_size < 1 || options.batch_size > 65536)
    fail("batch_size", options.batch_size, "1 to 65536");
  if (options.threads < 0 || options.threads > 4096) fail("threads", options.threads, "0 (all) to 4096");
  if (options.max_pixels < 1) fail("max_pixels", options.max_pixels, "at least 1");
  if (options.device.index < 0) fail("device", options.device.index, "an index of 0 or more");
}

void check_output(const char* what, std::size_t rows, std::int64_t dim, const MatrixView<float>& out) {
  if (out.device.kind != DeviceKind::cpu)
    throw ArgumentError("out: memory of a device given, expected the host's");
  if (out.rows != static_cast<std::int64_t>(rows) || out.cols != dim || out.ld < out.cols) {
    throw ArgumentError("out: [" + std::to_string(out.rows) + ", " + std::to_string(out.cols) + "] with ld " +
                        std::to_string(out.ld) + " given, expected [" + std::to_string(rows) + ", " +
                        std::to_string(dim) + "], a row for each of " + what);
  }
  if (out.data == nullptr && out.rows > 0) throw ArgumentError("out: null given, expected memory");
}

}  // namespace

struct ClipEncoder::State {
  ModelFolder folder;
  ClipOptions options;
  std::int32_t workers = 1;
  clip::Normalization normalization;
  std::unique_ptr<Tower> image_tower;
  std::unique_ptr<Tower> text_tower;
  std::optional<ClipTokenizer> tokenizer;
  std::vector<float> mean;

  State(ModelFolder read, const ClipOptions& chosen)
      : folder(std::move(read)),
        options(chosen),
        workers(options.threads > 0 ? options.threads : usable_processors()),
        normalization(folder.preprocessing) {
    const clip::TowerOptions how = {options.device, options.precision, options.threads};
    image_tower = load(folder.image_file, how);
    if (folder.text) {
      tokenizer = ClipTokenizer::load(folder.path(folder.text->tokenizer));
      if (tokenizer->context_length() != folder.text->context_length) {
        throw FileError(folder.path(folder.text->tokenizer).string() + ": context_length: found " +
                        std::to_string(tokenizer->context_length()) + ", expected " +
                        std::to_string(folder.text->context_length) + " as model.json says");
      }
      text_tower = load(folder.text->file, how);
    }
    folder.towers.clear();
    if (folder.image_mean) read_mean();
    probe();
  }

  std::unique_ptr<Tower> load(const std::string& file, const clip::TowerOptions& how) const {
    return clip::load_tower(folder.towers.at(file), folder.path(file), how);
  }

  void read_mean() {
    const std::filesystem::path path = folder.path(*folder.image_mean);
    io::FloatArray array = io::read_npy_float32(path);
    if (array.shape != std::vector<std::int64_t>{folder.dim}) {
      throw FileError(path.string() + ": found an array of another shape, expected [" +
                      std::to_string(folder.dim) + "]");
    }
    mean = std::move(array.values);
  }

  /// One row through each tower: what does not run, or gives another width, is found while loading.
  void probe() {
    std::vector<float> row(static_cast<std::size_t>(folder.dim));
    const MatrixView<float> out(row.data(), 1, folder.dim);
    const std::vector<float> pixels(static_cast<std::size_t>(folder.preprocessing.elements()), 0.0f);
    image_tower->run_pixels(pixels.data(), folder.preprocessing.height, folder.preprocessing.width, out);
    if (!text_tower) return;
    const std::string empty;
    const std::vector<std::int64_t> tokens = tokenizer->encode({&empty, 1});
    text_tower->run_tokens(tokens.data(), folder.text->context_length, out);
  }

  void run_batch(const std::vector<float>& pixels, MatrixView<float> out) {
    image_tower->run_pixels(pixels.data(), folder.preprocessing.height, folder.preprocessing.width, out);
  }

  std::size_t elements() const { return static_cast<std::size_t>(folder.preprocessing.elements()); }
};

ClipEncoder::ClipEncoder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ClipEncoder::~ClipEncoder() = default;
ClipEncoder::ClipEncoder(ClipEncoder&&) noexcept = default;
ClipEncoder& ClipEncoder::operator=(ClipEncoder&&) noexcept = default;

ClipEncoder ClipEncoder::load(const std::filesystem::path& folder, const ClipOptions& options) {
  check_options(options);
  return ClipEncoder(std::make_unique<State>(clip::read_model_folder(folder, options.check_files), options));
}

const std::string& ClipEncoder::name() const noexcept { return state_->folder.name; }
std::int64_t ClipEncoder::dim() const noexcept { return state_->folder.dim; }
const std::string& ClipEncoder::fingerprint() const noexcept { return state_->folder.fingerprint; }
bool ClipEncoder::has_text() const noexcept { return state_->text_tower != nullptr; }

std::optional<std::filesystem::path> ClipEncoder::dictionary_path() const {
  if (!state_->folder.dictionary) return std::nullopt;
  return state_->folder.path(*state_->folder.dictionary);
}

std::optional<std::filesystem::path> ClipEncoder::vocabulary_path() const {
  if (!state_->folder.vocabulary) return std::nullopt;
  return state_->folder.path(*state_->folder.vocabulary);
}

std::vector<float> ClipEncoder::image_mean() const { return state_->mean; }

const ClipTokenizer& ClipEncoder::tokenizer() const {
  if (!state_->tokenizer) {
    throw ArgumentError("model: " + name() + " given, which has no text tower; expected one that has");
  }
  return *state_->tokenizer;
}

std::vector<SkippedImage> ClipEncoder::embed_images(std::span<const std::filesystem::path> files,
                                                    const std::function<void(const EmbeddedImages&)>& take) {
  const auto read = [&](std::int64_t index) {
    const std::filesystem::path& file = files[static_cast<std::size_t>(index)];
    try {
      return read_image(file, state_->options.max_pixels);
    } catch (const std::bad_alloc&) {
      throw FileError(file.string() + ": found a picture that memory does not hold, expected a smaller one");
    }
  };
  return embed_images(static_cast<std::int64_t>(files.size()), read, take);
}

std::vector<SkippedImage> ClipEncoder::embed_images(std::int64_t count, const ImageMaker& make,
                                                    const std::function<void(const EmbeddedImages&)>& take) {
  State& state = *state_;
  std::vector<SkippedImage> skipped;
  if (count < 0) throw ArgumentError("count: " + std::to_string(count) + " given, expected 0 or more");
  if (!make) throw ArgumentError("make: no function given, expected one that makes pictures");
  if (count == 0) return skipped;
  const auto batch = static_cast<std::size_t>(std::min(state.options.batch_size, count));
  std::vector<float> pixels(batch * state.elements());
  std::vector<float> embeddings(batch * static_cast<std::size_t>(state.folder.dim));
  std::vector<std::int64_t> indices;
  std::int64_t passed_over = 0;  // since `take` was called
  const auto flush = [&] {
    if (indices.empty()) return;
    const MatrixView<float> out(embeddings.data(), static_cast<std::int64_t>(indices.size()),
                                state.folder.dim);
    state.run_batch(pixels, out);
    take({indices, out});
    indices.clear();
    passed_over = 0;
  };
  clip::DecodingLine line(static_cast<std::size_t>(count), make, state.folder.preprocessing, state.workers,
                          batch + static_cast<std::size_t>(state.workers));
  for (std::int64_t i = 0; i < count; ++i) {
    clip::FittedImage next = line.take();
    if (next.error) std::rethrow_exception(next.error);
    if (!next.failure.empty()) {
      skipped.push_back({i, std::move(next.failure)});
      if (++passed_over == state.options.batch_size) {
        passed_over = 0;
        take({{}, {embeddings.data(), 0, state.folder.dim}});
      }
      continue;
    }
    state.normalization.apply(next.image, pixels.data() + indices.size() * state.elements());
    indices.push_back(i);
    if (indices.size() == batch) flush();
  }
  flush();
  return skipped;
}

void ClipEncoder::embed_images(std::span<const Image> images, MatrixView<float> out) {
  State& state = *state_;
  check_output("images", images.size(), state.folder.dim, out);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Image& image = images[i];
    if (clip::is_whole(image)) continue;
    throw ArgumentError("images: " + std::to_string(image.pixels.size()) + " bytes for " +
                        std::to_string(image.height) + " x " + std::to_string(image.width) + " given at " +
                        std::to_string(i) + ", expected height * width * 3");
  }
  const auto batch = static_cast<std::size_t>(state.options.batch_size);
  std::vector<float> pixels(std::min(batch, images.size()) * state.elements());
  for (std::size_t first = 0; first < images.size(); first += batch) {
    const std::size_t count = std::min(batch, images.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      state.normalization.apply(clip::fit(images[first + i], state.folder.preprocessing),
                                pixels.data() + i * state.elements());
    }
    state.run_batch(pixels, out.slice(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count)));
  }
}

std::vector<std::int64_t> ClipEncoder::embed_texts(std::span<const std::string> texts,
                                                   MatrixView<float> out) {
  State& state = *state_;
  const ClipTokenizer& tokens_of = tokenizer();
  check_output("texts", texts.size(), state.folder.dim, out);
  std::vector<std::int64_t> truncated;
  const auto batch = static_cast<std::size_t>(state.options.batch_size);
  for (std::size_t first = 0; first < texts.size(); first += batch) {
    const std::size_t count = std::min(batch, texts.size() - first);
    std::vector<std::int64_t> cut;
    const std::vector<std::int64_t> tokens = tokens_of.encode(texts.subspan(first, count), &cut);
    for (const std::int64_t index : cut) truncated.push_back(static_cast<std::int64_t>(first) + index);
    state.text_tower->run_tokens(
        tokens.data(), state.folder.text->context_length,
        out.slice(static_cast<std::int64_t>(first), static_cast<std::int64_t>(count)));
  }
  return truncated;
}

}  // namespace splice_cuda
