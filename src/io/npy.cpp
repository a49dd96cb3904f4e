#include "io/npy.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "core/half.hpp"
#include "io/checked_size.hpp"
#include "io/fail.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

struct TypeName {
  NpyType type;
  std::string_view descriptor;
  std::size_t size;
};
constexpr std::array<TypeName, 8> type_names = {{{NpyType::float16, "<f2", 2},
                                                 {NpyType::float32, "<f4", 4},
                                                 {NpyType::float64, "<f8", 8},
                                                 {NpyType::int32, "<i4", 4},
                                                 {NpyType::int64, "<i8", 8},
                                                 {NpyType::uint8, "|u1", 1},
                                                 {NpyType::int8, "|i1", 1},
                                                 {NpyType::boolean, "|b1", 1}}};
constexpr std::size_t longest_header = 65536;  // ours and NumPy's own limit are far below

/// The header is a Python dict literal with three keys. This reads just that, nothing more general.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyArray parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      read_value(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail(name_, "text after the header's dict", "a dict alone");
    if (!type_ || !order_ || !shape_) fail(name_, "a header without descr, fortran_order or shape", "all three");
    NpyArray array;
    array.type = *type_;
    array.shape = *shape_;
    return array;
  }

 private:
  void read_value(const std::string& key) {
    if (key == "descr" && !type_) {
      type_ = element_type();
    } else if (key == "fortran_order" && !order_) {
      order_ = boolean();
      if (*order_) fail(name_, "Fortran order", "C order (numpy.ascontiguousarray)");
    } else if (key == "shape" && !shape_) {
      shape_ = tuple();
    } else {
      fail(name_, "header key '" + key + "'", "descr, fortran_order and shape, once each");
    }
  }

  NpyType element_type() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') fail(name_, "a structured type", "a plain numeric type");
    const std::string descriptor = quoted();
    for (const TypeName& known : type_names) {
      if (descriptor == known.descriptor) return known.type;
      if (descriptor.size() == 3 && known.size == 1 && descriptor.substr(1) == known.descriptor.substr(1)) {
        return known.type;  // single bytes have no order
      }
    }
    if (descriptor.starts_with('>')) fail(name_, "big-endian type " + descriptor, "little-endian data");
    if (descriptor.find('O') != std::string::npos) {
      fail(name_, "pickled objects (" + descriptor + ")", "a numeric type: objects are never loaded");
    }
    fail(name_, "type '" + descriptor + "'", "<f2, <f4, <f8, <i4, <i8, |u1, |i1 or |b1");
  }

  bool boolean() {
    skip_space();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail(name_, "a fortran_order that is neither True nor False", "False");
  }

  std::vector<std::int64_t> tuple() {
    constexpr std::size_t most_dimensions = 32;
    std::vector<std::int64_t> shape;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t extent = -1;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error != std::errc{} || extent < 0) fail(name_, "a shape that is no tuple of sizes >= 0", "such a tuple");
      at_ += static_cast<std::size_t>(end - begin);
      shape.push_back(extent);
      if (shape.size() > most_dimensions) fail(name_, "more than 32 dimensions", "1 or 2");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string quoted() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) {
      fail(name_, "a malformed header", "a quoted string at character " + std::to_string(at_));
    }
    const char quote = text_[at_++];
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail(name_, "a string without end", "a closing quote");
    const std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) {
      fail(name_, "a malformed header", std::string("'") + c + "' at character " + std::to_string(at_));
    }
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::optional<NpyType> type_;
  std::optional<bool> order_;
  std::optional<std::vector<std::int64_t>> shape_;
};

/// Bytes before the header's text and length of that text.
std::pair<std::size_t, std::size_t> header_extent(std::span<const std::byte> bytes, const std::string& name) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < 10 || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
    fail(name, std::to_string(bytes.size()) + " bytes without the .npy signature", "a NumPy .npy file");
  }
  const int version = std::to_integer<int>(bytes[6]);
  if (version < 1 || version > 3) fail(name, ".npy version " + std::to_string(version), "version 1, 2 or 3");
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t prefix = 8 + length_bytes;
  if (bytes.size() < prefix) fail(name, "a file that ends in its header", "a whole header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= std::to_integer<std::size_t>(bytes[8 + i]) << (8 * i);
  }
  if (length > longest_header || length > bytes.size() - prefix) {
    fail(name, "a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(bytes.size()),
         "a header that fits the file and 65536 bytes");
  }
  return {prefix, length};
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::size_t size_of(NpyType type) noexcept { return type_names[static_cast<std::size_t>(type)].size; }

std::string descriptor_of(NpyType type) {
  return std::string(type_names[static_cast<std::size_t>(type)].descriptor);
}

std::int64_t NpyArray::elements() const noexcept { return checked_elements(shape).value_or(0); }

NpyArray parse_npy(std::span<const std::byte> bytes, const std::string& name) {
  const auto [prefix, length] = header_extent(bytes, name);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + prefix, length);
  NpyArray array = HeaderParser(text, name).parse();
  const auto wanted = checked_bytes(array.shape, static_cast<std::int64_t>(size_of(array.type)));
  const std::span<const std::byte> rest = bytes.subspan(prefix + length);
  if (!wanted) fail(name, "a shape whose size overflows", "a shape that fits the file");
  if (static_cast<std::uint64_t>(*wanted) != rest.size()) {
    fail(name, std::to_string(rest.size()) + " bytes of data",
         std::to_string(*wanted) + " bytes, as the header's shape and type say");
  }
  array.data = rest;
  return array;
}

std::string npy_header(NpyType type, std::span<const std::int64_t> shape) {
  std::string dict = "{'descr': '" + descriptor_of(type) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t extent : shape) dict += std::to_string(extent) + ", ";
  if (shape.size() > 1) dict.resize(dict.size() - 2);
  if (shape.size() == 1) dict.resize(dict.size() - 1);
  dict += "), }";
  constexpr std::size_t prefix = 10;
  constexpr std::size_t alignment = 64;
  const std::size_t padded = (prefix + dict.size() + 1 + alignment - 1) / alignment * alignment;
  dict.append(padded - prefix - dict.size() - 1, ' ');
  dict += '\n';
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

void convert_to_float32(NpyType type, const std::byte* data, std::int64_t count, float* out) {
  const std::size_t size = size_of(type);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* at = data + static_cast<std::size_t>(i) * size;
    switch (type) {
      case NpyType::float16: out[i] = to_float(load<Float16>(at)); break;
      case NpyType::float32: out[i] = load<float>(at); break;
      case NpyType::float64: out[i] = static_cast<float>(load<double>(at)); break;
      default: out[i] = NAN; break;  // check_float_type comes first
    }
  }
}

void check_float_type(NpyType type, const std::string& name) {
  if (type == NpyType::float16 || type == NpyType::float32 || type == NpyType::float64) return;
  fail(name, "type " + descriptor_of(type), "float16, float32 or float64");
}

std::vector<float> to_float32(const NpyArray& array, const std::string& name) {
  check_float_type(array.type, name);
  std::vector<float> values(static_cast<std::size_t>(array.elements()));
  convert_to_float32(array.type, array.data.data(), array.elements(), values.data());
  return values;
}

FloatArray read_npy_float32(const std::filesystem::path& path) {
  const MappedFile file(path);
  const NpyArray array = parse_npy(file.bytes(), path.string());
  return {array.shape, to_float32(array, path.string())};
}

}  // namespace splice_cuda::io
