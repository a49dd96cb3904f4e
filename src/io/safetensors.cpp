#include "io/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

#include "core/half.hpp"
#include "io/atomic_file.hpp"
#include "io/checked_size.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

using Json = nlohmann::json;

struct TypeName {
  TensorType type;
  std::string_view name;
  std::int64_t size;
};
constexpr std::array<TypeName, 7> type_names = {{{TensorType::float16, "F16", 2},
                                                 {TensorType::bfloat16, "BF16", 2},
                                                 {TensorType::float32, "F32", 4},
                                                 {TensorType::float64, "F64", 8},
                                                 {TensorType::int32, "I32", 4},
                                                 {TensorType::int64, "I64", 8},
                                                 {TensorType::uint8, "U8", 1}}};
constexpr std::uint64_t longest_header = 100'000'000;  // the reference implementation's limit
constexpr int deepest_nesting = 4;                      // tensors are two levels deep

/// Names and types in a header may be as long as the header.
std::string shortened(const std::string& text) {
  constexpr std::size_t most = 200;
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

[[noreturn]] void fail(const std::string& name, const std::string& found, const std::string& expected) {
  throw FileError(name + ": found " + shortened(found) + ", expected " + expected);
}

/// Refuses nesting and repeated keys while parsing: neither is seen afterwards.
class HeaderGuard {
 public:
  explicit HeaderGuard(const std::string& name) : name_(name) {}
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > deepest_nesting) fail(name_, "a header nested deeper than 4 levels", "a flat header");
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto key = parsed.get<std::string>();
      if (!keys_.back().insert(key).second) fail(name_, "the key \"" + key + "\" twice", "unique keys");
    }
    return true;
  }

 private:
  const std::string& name_;
  std::vector<std::set<std::string>> keys_;
};

Json parse_header(std::string_view text, const std::string& name) {
  // To the JSON parser a NUL is the end of its input: what follows would go unread.
  if (text.find('\0') != std::string_view::npos) fail(name, "a NUL byte in the header", "a JSON header");
  try {
    HeaderGuard guard(name);
    Json header = Json::parse(text, std::ref(guard));
    if (!header.is_object()) fail(name, "a header that is no JSON object", "an object of tensors");
    return header;
  } catch (const Json::exception& error) {
    fail(name, std::string("a header that is not JSON (") + error.what() + ")", "a JSON header");
  }
}

std::int64_t non_negative(const Json& value, const std::string& name, const std::string& what) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) ||
      value.get<std::int64_t>() < 0) {
    fail(name, what + " " + value.dump().substr(0, 40), "an integer >= 0");
  }
  return value.get<std::int64_t>();
}

const TypeName& tensor_type(const Json& entry, const std::string& name) {
  if (entry.contains("dtype") && entry["dtype"].is_string()) {
    const auto text = entry["dtype"].get<std::string>();
    for (const TypeName& known : type_names) {
      if (text == known.name) return known;
    }
    fail(name, "dtype " + text, "F16, BF16, F32, F64, I32, I64 or U8");
  }
  fail(name, "a tensor without dtype", "a dtype");
}

struct Extent {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// One tensor of the header. `data` is all that follows the header.
TensorView parse_tensor(const Json& entry, std::span<const std::byte> data, const std::string& name, Extent& extent) {
  if (!entry.is_object()) fail(name, "an entry that is no object", "dtype, shape and data_offsets");
  const TypeName& type = tensor_type(entry, name);
  TensorView tensor;
  tensor.type = type.type;
  if (!entry.contains("shape") || !entry["shape"].is_array() || entry["shape"].size() > 32) {
    fail(name, "no shape", "an array of at most 32 sizes");
  }
  for (const Json& size : entry["shape"]) tensor.shape.push_back(non_negative(size, name, "shape entry"));
  if (!entry.contains("data_offsets") || !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2) {
    fail(name, "no data_offsets", "two offsets");
  }
  extent.begin = non_negative(entry["data_offsets"][0], name, "offset");
  extent.end = non_negative(entry["data_offsets"][1], name, "offset");
  const auto bytes = checked_bytes(tensor.shape, type.size);
  if (!bytes) fail(name, "a shape whose size overflows", "a shape that fits the file");
  if (extent.begin > extent.end || static_cast<std::uint64_t>(extent.end) > data.size() ||
      extent.end - extent.begin != *bytes) {
    fail(name, "offsets " + std::to_string(extent.begin) + " to " + std::to_string(extent.end),
         std::to_string(*bytes) + " bytes within the file's " + std::to_string(data.size()));
  }
  tensor.data = data.subspan(static_cast<std::size_t>(extent.begin), static_cast<std::size_t>(*bytes));
  return tensor;
}

/// Tensors have to cover the data without overlap or hole.
void check_cover(std::vector<Extent> extents, std::size_t size, const std::string& name) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return a.begin < b.begin || (a.begin == b.begin && a.end < b.end);
  });
  std::int64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != at) {
      fail(name, "a tensor at offset " + std::to_string(extent.begin), "offset " + std::to_string(at) + ": no overlap, no hole");
    }
    at = extent.end;
  }
  if (static_cast<std::uint64_t>(at) != size) {
    fail(name, std::to_string(size) + " bytes of data", std::to_string(at) + ", where the last tensor ends");
  }
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// The header to be written, padded so that data start aligned. What SafetensorsFile would refuse is refused here.
std::string header_text(const std::string& path, std::span<const TensorToWrite> tensors,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t at = 0;
  for (const TensorToWrite& tensor : tensors) {
    const TypeName& type = type_names[static_cast<std::size_t>(tensor.type)];
    if (tensor.name == "__metadata__" || header.contains(tensor.name)) {
      fail(path, "two tensors \"" + shortened(tensor.name) + "\", or one of a reserved name", "a name of its own for each");
    }
    const auto bytes = checked_bytes(tensor.shape, type.size);
    if (!bytes || static_cast<std::uint64_t>(*bytes) != tensor.data.size()) {
      fail(path + ":" + shortened(tensor.name), std::to_string(tensor.data.size()) + " bytes of data", "as many as its shape and type say");
    }
    header[tensor.name] = {{"dtype", type.name}, {"shape", tensor.shape}, {"data_offsets", {at, at + tensor.data.size()}}};
    at += tensor.data.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& error) {
    fail(path, std::string("text that is not UTF-8 (") + error.what() + ")", "UTF-8 names and metadata");
  }
  // Data begin at a multiple of a cache line: they are read in place.
  text.append((64 - (8 + text.size()) % 64) % 64, ' ');
  if (text.size() > longest_header) {
    fail(path, "names and metadata of " + std::to_string(text.size()) + " bytes", "at most 100 MB");
  }
  return text;
}

}  // namespace

std::int64_t TensorView::elements() const noexcept { return checked_elements(shape).value_or(0); }

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(std::make_shared<const MappedFile>(path)) {
  const std::string name = path.string();
  const std::span<const std::byte> bytes = file_->bytes();
  if (bytes.size() < 8) fail(name, std::to_string(bytes.size()) + " bytes", "a .safetensors file");
  const auto length = load<std::uint64_t>(bytes.data());
  if (length > longest_header || length > bytes.size() - 8) {
    fail(name, "a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(bytes.size()),
         "a header within the file and 100 MB");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
  const std::span<const std::byte> data = bytes.subspan(8 + length);
  const Json header = parse_header(text, name);
  std::vector<Extent> extents;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      if (!entry.is_object()) fail(name, "__metadata__ that is no object", "an object of strings");
      for (const auto& [field, value] : entry.items()) {
        if (!value.is_string()) fail(name, "metadata " + field + " that is no string", "strings");
        metadata_[field] = value.get<std::string>();
      }
      continue;
    }
    extents.emplace_back();
    tensors_[key] = parse_tensor(entry, data, name + ":" + shortened(key), extents.back());
  }
  check_cover(std::move(extents), data.size(), name);
}

const TensorView& SafetensorsFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(path_.string(), "no tensor \"" + name + "\"", "one of that name");
  return found->second;
}

void SafetensorsFile::read_at(const TensorView& tensor, std::size_t offset, std::span<std::byte> out) const {
  const auto start = static_cast<std::size_t>(tensor.data.data() - file_->bytes().data());
  file_->read_at(start + offset, out);
}

std::size_t size_of(TensorType type) noexcept {
  return static_cast<std::size_t>(type_names[static_cast<std::size_t>(type)].size);
}

void check_float_type(TensorType type, const std::string& name) {
  if (type == TensorType::float16 || type == TensorType::bfloat16 || type == TensorType::float32 ||
      type == TensorType::float64) {
    return;
  }
  fail(name, "an integer tensor", "F16, BF16, F32 or F64");
}

void convert_to_float32(TensorType type, const std::byte* data, std::int64_t count, float* out) {
  const std::size_t size = size_of(type);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* at = data + static_cast<std::size_t>(i) * size;
    switch (type) {
      case TensorType::float16: out[i] = to_float(load<Float16>(at)); break;
      case TensorType::bfloat16: out[i] = to_float(load<BFloat16>(at)); break;
      case TensorType::float32: out[i] = load<float>(at); break;
      case TensorType::float64: out[i] = static_cast<float>(load<double>(at)); break;
      default: out[i] = NAN; break;  // check_float_type comes first
    }
  }
}

std::vector<float> to_float32(const TensorView& tensor, const std::string& name) {
  check_float_type(tensor.type, name);
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  convert_to_float32(tensor.type, tensor.data.data(), tensor.elements(), values.data());
  return values;
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string text = header_text(path.string(), tensors, metadata);
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const TensorToWrite& tensor : tensors) file.write(tensor.data);
  file.commit();
}

}  // namespace splice_cuda::io
