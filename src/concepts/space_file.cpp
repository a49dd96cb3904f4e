#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "concepts/stored_atoms.hpp"
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

/// Takes names from an array of strings as they are parsed: a million JSON values would take several times their memory.
class NameReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit NameReader(const std::filesystem::path& path) : path_(path) {}
  std::vector<std::string> names;

  bool start_array(std::size_t) override { return depth_++ == 0 || no_name(); }
  bool end_array() override { return true; }
  bool string(std::string& text) override {
    if (depth_ == 0) return no_array();
    names.push_back(std::move(text));
    return true;
  }
  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(std::int64_t) override { return other(); }
  bool number_unsigned(std::uint64_t) override { return other(); }
  bool number_float(double, const std::string&) override { return other(); }
  bool binary(nlohmann::json::binary_t&) override { return other(); }
  bool start_object(std::size_t) override { return other(); }
  bool key(std::string&) override { return other(); }
  bool end_object() override { return other(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return no_array(); }

 private:
  bool other() { return depth_ == 0 ? no_array() : no_name(); }
  [[noreturn]] bool no_array() const { fail(path_, "metadata concepts that is no JSON array", "an array of names"); }
  [[noreturn]] bool no_name() const { fail(path_, "a concept that is no string", "names"); }

  const std::filesystem::path& path_;
  int depth_ = 0;
};

std::vector<std::string> parse_names(const std::filesystem::path& path, const std::string& text) {
  NameReader reader(path);
  nlohmann::json::sax_parse(text, &reader);
  return std::move(reader.names);
}

/// The names as JSON, one at a time.
std::string names_json(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) {
    if (text.size() > 1) text += ',';
    text += nlohmann::json(name).dump();
  }
  return text + "]";
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

io::TensorType tensor_type(DType dtype) {
  switch (dtype) {
    case DType::float16: return io::TensorType::float16;
    case DType::bfloat16: return io::TensorType::bfloat16;
    case DType::float32: break;
  }
  return io::TensorType::float32;
}

std::span<const std::byte> bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

}  // namespace

ConceptSpace ConceptSpace::load(const std::filesystem::path& path) {
  try {
    if (path.extension() == ".npy") {
      const StoredAtoms stored = stored_atoms(path);
      return ConceptSpace(stored.atoms, stored.owner, {});
    }
    const io::SafetensorsFile file(path);
    const auto format = file.metadata().find("format");
    if (format == file.metadata().end() || format->second != format_name) {
      fail(path, "no metadata format = " + std::string(format_name), "a dictionary of `splice dictionary build`, or a .npy of atoms");
    }
    const StoredAtoms stored = stored_atoms(file, "atoms", path.string() + ":atoms");
    const auto concepts = file.metadata().find("concepts");
    if (concepts == file.metadata().end()) fail(path, "no metadata concepts", "the atoms' names");
    std::vector<std::string> names = parse_names(path, concepts->second);
    if (names.empty()) fail(path, "0 concepts", "one an atom, " + std::to_string(stored.atoms.rows));  // never made up here
    ConceptSpace space(stored.atoms, stored.owner, std::move(names));
    space.text_mean_ = load_mean(path, file, "text_mean", space.dim());
    space.image_mean_ = load_mean(path, file, "image_mean", space.dim());
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
  metadata["concepts"] = names_json(names_);
  for (const auto& [key, value] : provenance_) metadata[std::string(provenance_prefix) + key] = value;
  const auto atom_bytes = static_cast<std::size_t>(size() * dim() * atoms_.element_size());
  std::vector<io::TensorToWrite> tensors = {
      {"atoms", tensor_type(atoms_.dtype), {size(), dim()}, {static_cast<const std::byte*>(atoms_.data), atom_bytes}}};
  if (!text_mean_.empty()) tensors.push_back({"text_mean", io::TensorType::float32, {dim()}, bytes_of(text_mean_)});
  if (!image_mean_.empty()) tensors.push_back({"image_mean", io::TensorType::float32, {dim()}, bytes_of(image_mean_)});
  io::write_safetensors(path, tensors, metadata);
}

}  // namespace splice_cuda
