#include <algorithm>
#include <cmath>
#include <span>

#include <nlohmann/json.hpp>

#include "io/npy.hpp"
#include "io/safetensors.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr const char* format_name = "splice_cuda.dictionary.1";
constexpr std::string_view provenance_prefix = "provenance.";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& found, const std::string& expected) {
  throw FileError(path.string() + ": found " + found + ", expected " + expected);
}

void check_finite(const std::filesystem::path& path, const std::vector<float>& values, const std::string& what) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    fail(path, "NaN or infinity in " + what, "finite numbers");
  }
}

std::vector<std::string> parse_names(const std::filesystem::path& path, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) fail(path, "metadata concepts that is no JSON array", "an array of names");
  std::vector<std::string> names;
  for (const auto& name : json) {
    if (!name.is_string()) fail(path, "a concept that is no string", "names");
    names.push_back(name.get<std::string>());
  }
  return names;
}

std::vector<float> load_mean(const std::filesystem::path& path, const io::SafetensorsFile& file, const std::string& name,
                             std::int64_t dim) {
  if (!file.contains(name)) return {};
  std::vector<float> mean = io::to_float32(file.tensor(name), path.string() + ":" + name);
  if (static_cast<std::int64_t>(mean.size()) != dim) {
    fail(path, name + " of " + std::to_string(mean.size()) + " numbers", "as many as an atom has, " + std::to_string(dim));
  }
  check_finite(path, mean, name);
  return mean;
}

std::span<const std::byte> bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

}  // namespace

ConceptSpace ConceptSpace::load(const std::filesystem::path& path) {
  try {
    if (path.extension() == ".npy") {
      const io::FloatArray array = io::read_npy_float32(path);
      if (array.shape.size() != 2) fail(path, std::to_string(array.shape.size()) + " dimensions", "a matrix of atoms [p, d]");
      check_finite(path, array.values, "the atoms");
      return from_atoms({array.values.data(), array.shape[0], array.shape[1]});
    }
    const io::SafetensorsFile file(path);
    const auto format = file.metadata().find("format");
    if (format == file.metadata().end() || format->second != format_name) {
      fail(path, "no metadata format = " + std::string(format_name), "a dictionary of `splice dictionary build`, or a .npy of atoms");
    }
    const io::TensorView& atoms = file.tensor("atoms");
    if (atoms.shape.size() != 2) fail(path, "atoms of " + std::to_string(atoms.shape.size()) + " dimensions", "[p, d]");
    const std::vector<float> values = io::to_float32(atoms, path.string() + ":atoms");
    check_finite(path, values, "the atoms");
    const auto concepts = file.metadata().find("concepts");
    if (concepts == file.metadata().end()) fail(path, "no metadata concepts", "the atoms' names");
    std::vector<std::string> names = parse_names(path, concepts->second);
    if (names.empty()) fail(path, "0 concepts", "one an atom, " + std::to_string(atoms.shape[0]));  // never made up here
    ConceptSpace space = from_atoms({values.data(), atoms.shape[0], atoms.shape[1]}, std::move(names));
    space.text_mean_ = load_mean(path, file, "text_mean", space.dim_);
    space.image_mean_ = load_mean(path, file, "image_mean", space.dim_);
    for (const auto& [key, value] : file.metadata()) {
      if (key.starts_with(provenance_prefix)) space.provenance_[key.substr(provenance_prefix.size())] = value;
    }
    return space;
  } catch (const ArgumentError& error) {
    throw FileError(path.string() + ": " + error.what());
  }
}

void ConceptSpace::save(const std::filesystem::path& path) const {
  std::map<std::string, std::string> metadata;
  metadata["format"] = format_name;
  metadata["concepts"] = nlohmann::json(names_).dump();
  for (const auto& [key, value] : provenance_) metadata[std::string(provenance_prefix) + key] = value;
  std::vector<io::TensorToWrite> tensors = {{"atoms", io::TensorType::float32, {size(), dim_}, bytes_of(atoms_)}};
  if (!text_mean_.empty()) tensors.push_back({"text_mean", io::TensorType::float32, {dim_}, bytes_of(text_mean_)});
  if (!image_mean_.empty()) tensors.push_back({"image_mean", io::TensorType::float32, {dim_}, bytes_of(image_mean_)});
  io::write_safetensors(path, tensors, metadata);
}

}  // namespace splice_cuda
