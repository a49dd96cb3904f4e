#include "io/npz_reader.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string_view>

#include "io/fail.hpp"
#include "io/mapped_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian data");

constexpr std::uint64_t longest_npy_header = 65536 + 12;  // of a .npy member, with its prefix
constexpr std::uint64_t widest_number = 8;

struct EntryClose {
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

template <class T>
std::vector<T> copy(const NpyArray& array) {
  std::vector<T> values(static_cast<std::size_t>(array.elements()));
  if (!values.empty()) std::memcpy(values.data(), array.data.data(), array.data.size());
  return values;
}

}  // namespace

NpzReader::NpzReader(const std::filesystem::path& path) : path_(path) {
  const MappedFile regular(path);  // libzip would wait at a pipe, and says less about folders
  int code = 0;
  zip_.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (zip_) return;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  fail(path.string(), "no readable zip archive (" + reason + ")", "an .npz file");
}

bool NpzReader::contains(const std::string& name) const {
  return zip_name_locate(zip_.get(), (name + ".npy").c_str(), 0) >= 0;
}

std::vector<double> NpzReader::doubles(const std::string& name, std::int64_t count) {
  return values<double>(name, NpyType::float64, count);
}

std::vector<std::int32_t> NpzReader::int32s(const std::string& name, std::int64_t count) {
  return values<std::int32_t>(name, NpyType::int32, count);
}

std::vector<std::uint8_t> NpzReader::bytes(const std::string& name, std::int64_t count) {
  return values<std::uint8_t>(name, NpyType::uint8, count);
}

std::vector<std::int64_t> NpzReader::integers(const std::string& name, std::int64_t count) {
  const NpyArray array = vector(name, count);
  if (array.type == NpyType::int64) return copy<std::int64_t>(array);
  if (array.type != NpyType::int32) fail(label(name), "type " + descriptor_of(array.type), "int32 or int64");
  const std::vector<std::int32_t> narrow = copy<std::int32_t>(array);
  return {narrow.begin(), narrow.end()};
}

std::vector<float> NpzReader::floats(const std::string& name, std::int64_t count) {
  return to_float32(vector(name, count), label(name));
}

std::string NpzReader::text(const std::string& name, std::int64_t most) {
  read_member(name, most, 1);
  const NpyArray array = parse_npy(bytes_, label(name));
  if (array.type != NpyType::uint8 || array.shape.size() != 1) {
    fail(label(name), std::to_string(array.shape.size()) + " dimensions of type " + descriptor_of(array.type),
         "text: a vector of type |u1");
  }
  return {reinterpret_cast<const char*>(array.data.data()), array.data.size()};
}

std::string NpzReader::format() {
  if (!contains("format")) return {};
  read_member("format", 3, 4);
  const std::string_view member(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  const std::size_t end = member.find('\n');
  if (end == std::string_view::npos) return {};
  std::string letters;
  for (const char c : member.substr(end + 1)) {
    if (c >= 'a' && c <= 'z') letters += c;
  }
  return letters;
}

template <class T>
std::vector<T> NpzReader::values(const std::string& name, NpyType type, std::int64_t count) {
  const NpyArray array = vector(name, count);
  if (array.type != type)
    fail(label(name), "type " + descriptor_of(array.type), "type " + descriptor_of(type));
  return copy<T>(array);
}

NpyArray NpzReader::vector(const std::string& name, std::int64_t count) {
  read_member(name, count, widest_number);
  NpyArray array = parse_npy(bytes_, label(name));
  if (array.shape.size() != 1) {
    fail(label(name), std::to_string(array.shape.size()) + " dimensions", "1");
  }
  if (array.shape[0] != count) {
    fail(label(name), std::to_string(array.shape[0]) + " entries", std::to_string(count));
  }
  return array;
}

void NpzReader::read_member(const std::string& name, std::int64_t most_elements,
                            std::uint64_t element_bytes) {
  const std::string full = name + ".npy";
  if (!contains(name)) fail(path_.string(), "no member " + full, "the arrays of a CSR matrix");
  zip_stat_t status;
  zip_stat_init(&status);
  if (zip_stat(zip_.get(), full.c_str(), 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0) {
    fail(label(name), "a member without a size", "one with a size");
  }
  const auto elements = static_cast<std::uint64_t>(most_elements);
  if (status.size > longest_npy_header && (status.size - longest_npy_header) / element_bytes > elements) {
    fail(label(name), "a member of " + std::to_string(status.size) + " bytes",
         "at most " + std::to_string(most_elements) + " entries");
  }
  inflate(name, status.size);
}

void NpzReader::inflate(const std::string& name, std::uint64_t size) {
  std::unique_ptr<zip_file_t, EntryClose> entry(zip_fopen(zip_.get(), (name + ".npy").c_str(), 0));
  if (!entry)
    fail(label(name), std::string("a member that can't be opened (") + zip_strerror(zip_.get()) + ")",
         "a readable one");
  constexpr std::uint64_t first_step = 1 << 20;
  bytes_.clear();
  while (bytes_.size() < size) {
    // Doubling: at any time no more than twice what the archive really held.
    const std::uint64_t done = bytes_.size();
    bytes_.resize(std::min(size, std::max(first_step, 2 * done)));
    for (std::uint64_t at = done; at < bytes_.size();) {
      const zip_int64_t got = zip_fread(entry.get(), bytes_.data() + at, bytes_.size() - at);
      if (got <= 0) fail(label(name), "a damaged or truncated member", std::to_string(size) + " bytes");
      at += static_cast<std::uint64_t>(got);
    }
  }
  // The end of the data is where libzip compares the checksum.
  char beyond = 0;
  if (zip_fread(entry.get(), &beyond, 1) != 0) {
    fail(label(name), "more data than the archive says, or a wrong checksum", "a sound member");
  }
}

}  // namespace splice_cuda::io
