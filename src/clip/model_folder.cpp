#include "clip/model_folder.hpp"

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>
#include <vector>

#include "clip/json_file.hpp"
#include "io/mapped_file.hpp"
#include "io/sha256.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

constexpr std::int64_t largest_side = 1 << 14;
constexpr std::int64_t largest_dim = 1 << 20;

/// One of a few words. @throws FileError
template <class T>
T one_of(const JsonObject& object, const char* key, const std::vector<std::pair<std::string, T>>& known) {
  const std::string word = object.text(key);
  std::string expected;
  for (const auto& [name, value] : known) {
    if (name == word) return value;
    expected += (expected.empty() ? "" : ", ") + name;
  }
  object.fail(key, "\"" + word + "\"", "one of " + expected);
}

std::array<float, 3> channels(const JsonObject& object, const char* key, bool divides) {
  const std::vector<double> values = object.numbers(key, 3);
  std::array<float, 3> result = {};
  std::transform(values.begin(), values.end(), result.begin(),
                 [](double value) { return static_cast<float>(value); });
  if (std::any_of(result.begin(), result.end(), [](float value) { return !std::isfinite(value); })) {
    object.fail(key, "a number beyond float32", "finite numbers");
  }
  if (divides && std::any_of(result.begin(), result.end(), [](float value) { return !(value > 0.0f); })) {
    object.fail(key, "a number that is not positive", "positive numbers");
  }
  return result;
}

Preprocessing read_preprocessing(const JsonObject& image) {
  Preprocessing how;
  const std::vector<double> size = image.numbers("size", 2);
  for (const double side : size) {
    if (!(side >= 1 && side <= static_cast<double>(largest_side)) ||
        side != static_cast<double>(static_cast<std::int64_t>(side))) {
      image.fail("size", std::to_string(side), "integers from 1 to " + std::to_string(largest_side));
    }
  }
  how.height = static_cast<std::int64_t>(size[0]);
  how.width = static_cast<std::int64_t>(size[1]);
  const JsonObject resize = image.object("resize");
  how.mode = one_of<ResizeMode>(
      resize, "mode",
      {{"shortest", ResizeMode::shortest}, {"squash", ResizeMode::squash}, {"longest", ResizeMode::longest}});
  how.interpolation = one_of<Interpolation>(
      resize, "interpolation", {{"bicubic", Interpolation::bicubic}, {"bilinear", Interpolation::bilinear}});
  how.fill =
      resize.contains("fill") ? static_cast<std::uint8_t>(resize.integer("fill", 0, 255)) : std::uint8_t{0};
  how.mean = channels(image, "mean", false);
  how.std = channels(image, "std", true);
  return how;
}

std::optional<std::string> optional_file(const JsonObject& model, const char* key) {
  if (!model.contains(key)) return std::nullopt;
  return model.file_name(key);
}

/// One file against its entry in "files". @returns the file
io::MappedFile check_file(const ModelFolder& folder, const JsonObject& files, const std::string& file,
                          bool check_digest) {
  if (!files.contains(file.c_str())) files.fail(file, "nothing", "its size and SHA-256");
  const JsonObject entry = files.object(file.c_str());
  const std::int64_t bytes = entry.integer("bytes", 0, INT64_MAX);
  const std::string digest = entry.text("sha256");
  const bool hexadecimal =
      digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hexadecimal) entry.fail("sha256", "\"" + digest + "\"", "64 hexadecimal digits in lower case");

  const std::filesystem::path path = folder.path(file);
  io::MappedFile mapped(path);
  if (mapped.bytes().size() != static_cast<std::size_t>(bytes)) {
    throw FileError(path.string() + ": found " + std::to_string(mapped.bytes().size()) + " bytes, expected " +
                    std::to_string(bytes) + " as model.json says");
  }
  if (!check_digest) return mapped;
  if (const std::string found = io::sha256_of_file(mapped); found != digest) {
    throw FileError(path.string() + ": found SHA-256 " + found + ", expected " + digest +
                    " as model.json says");
  }
  return mapped;
}

/// Digest of what embeddings depend on: towers, tokenizer, preprocessing. A dictionary, a mean or a note that
/// is added to the folder leaves it as it was.
std::string fingerprint_of(const ModelFolder& folder, const nlohmann::json& model) {
  nlohmann::json identity = {{"dim", model.at("dim")}, {"image", model.at("image")}};
  std::vector<std::string> files = {folder.image_file};
  if (folder.text) {
    identity["text"] = model.at("text");
    files.insert(files.end(), {folder.text->file, folder.text->tokenizer});
  }
  for (const std::string& file : files) identity["sha256"][file] = model.at("files").at(file).at("sha256");
  return io::sha256_of_text(identity.dump());  // keys in the order of their bytes
}

}  // namespace

ModelFolder read_model_folder(const std::filesystem::path& root, bool check_files) {
  std::error_code error;
  if (!std::filesystem::is_directory(root, error)) {
    throw FileError(root.string() + ": found no folder, expected a model folder (with model.json)");
  }
  const std::filesystem::path path = root / "model.json";
  ModelFolder folder;
  folder.root = root;
  const nlohmann::json json = read_json(path);
  const JsonObject model(json, path.string());
  model.expect("format", "splice_cuda.model");
  model.integer("version", 1, 1);
  folder.name = model.text("name");
  folder.dim = model.integer("dim", 1, largest_dim);
  const JsonObject image = model.object("image");
  folder.image_file = image.file_name("file");
  folder.preprocessing = read_preprocessing(image);
  std::vector<std::string> named = {folder.image_file};
  if (model.contains("text")) {
    const JsonObject text = model.object("text");
    folder.text = TextPart{text.file_name("file"), text.file_name("tokenizer"),
                           text.integer("context_length", 3, 1 << 20)};
    named.insert(named.end(), {folder.text->file, folder.text->tokenizer});
  }
  for (const auto& [key, place] :
       {std::pair{"image_mean", &folder.image_mean}, std::pair{"vocabulary", &folder.vocabulary},
        std::pair{"dictionary", &folder.dictionary}}) {
    *place = optional_file(model, key);
    if (*place) named.push_back(**place);
  }
  const JsonObject files = model.object("files");
  for (const std::string& file : named) {
    io::MappedFile opened = check_file(folder, files, file, check_files);
    if (file == folder.image_file || (folder.text && file == folder.text->file))
      folder.towers.emplace(file, std::move(opened));
  }
  folder.fingerprint = fingerprint_of(folder, json);
  return folder;
}

}  // namespace splice_cuda::clip
