#include "io/npz.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <span>

#include <zip.h>

#include "io/atomic_file.hpp"
#include "io/checked_size.hpp"
#include "io/mapped_file.hpp"
#include "io/npy.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian data");

[[noreturn]] void fail(const std::string& name, const std::string& found, const std::string& expected) {
  throw FileError(name + ": found " + found + ", expected " + expected);
}

struct ZipClose {
  void operator()(zip_t* zip) const noexcept { zip_discard(zip); }
};
using Zip = std::unique_ptr<zip_t, ZipClose>;

struct EntryClose {
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

// ---- writing -------------------------------------------------------------------------------------------

/// One member: header and data, streamed by libzip without a copy of the data.
struct Member {
  std::string name;
  std::string header;
  std::span<const std::byte> data;
  zip_uint64_t at = 0;
  zip_error_t error{};

  zip_uint64_t size() const { return header.size() + data.size(); }
  zip_uint64_t copy(void* out, zip_uint64_t length) {
    zip_uint64_t done = 0;
    const auto take = [&](const void* source, zip_uint64_t offset, zip_uint64_t available) {
      const zip_uint64_t count = std::min(length - done, available - offset);
      std::memcpy(static_cast<char*>(out) + done, static_cast<const char*>(source) + offset, count);
      done += count;
      at += count;
    };
    if (at < header.size()) take(header.data(), at, header.size());
    if (at >= header.size() && done < length && at < size()) {
      take(data.data(), at - header.size(), data.size());
    }
    return done;
  }
};

zip_int64_t serve_member(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto* member = static_cast<Member*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN: member->at = 0; return 0;
    case ZIP_SOURCE_READ: return static_cast<zip_int64_t>(member->copy(data, length));
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE: return 0;
    case ZIP_SOURCE_STAT: {
      auto* status = static_cast<zip_stat_t*>(data);
      zip_stat_init(status);
      status->size = member->size();
      status->mtime = 315532800;  // 1980-01-01: the same results give the same bytes
      status->valid = ZIP_STAT_SIZE | ZIP_STAT_MTIME;
      return sizeof(zip_stat_t);
    }
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&member->error, data, length);
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default: zip_error_set(&member->error, ZIP_ER_OPNOTSUPP, 0); return -1;
  }
}

/// Collects members, then writes the archive into an AtomicFile's place.
class NpzWriter {
 public:
  template <class T>
  void add(const std::string& name, NpyType type, const std::vector<T>& values) {
    const std::int64_t count = static_cast<std::int64_t>(values.size());
    add_bytes(name, npy_header(type, {&count, 1}), std::as_bytes(std::span(values)));
  }
  void add_bytes(const std::string& name, std::string header, std::span<const std::byte> data) {
    members_.push_back(std::make_unique<Member>());
    members_.back()->name = name + ".npy";
    members_.back()->header = std::move(header);
    members_.back()->data = data;
  }

  void write(const std::filesystem::path& path) {
    AtomicFile file(path);
    int code = 0;
    Zip zip(zip_open(file.temporary_path().c_str(), ZIP_TRUNCATE, &code));
    if (!zip) fail(path.string(), "error " + std::to_string(code) + " from libzip", "a new archive");
    for (const auto& member : members_) {
      zip_source_t* source = zip_source_function(zip.get(), serve_member, member.get());
      const zip_int64_t index =
          source == nullptr ? -1 : zip_file_add(zip.get(), member->name.c_str(), source, ZIP_FL_ENC_UTF_8);
      if (index < 0) {
        if (source != nullptr) zip_source_free(source);
        fail(path.string(), zip_strerror(zip.get()), "room for a member");
      }
      // Stored, not deflated: float weights hardly shrink, and readers can map them.
      zip_set_file_compression(zip.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
    }
    if (zip_close(zip.get()) != 0) {
      throw FileError(path.string() + ": can't write: " + zip_strerror(zip.get()));
    }
    static_cast<void>(zip.release());
    file.adopt_written();
    file.commit();
  }

 private:
  std::vector<std::unique_ptr<Member>> members_;
};

template <class T, class Get>
std::vector<T> column(const std::vector<RowReport>& reports, Get get) {
  std::vector<T> values;
  values.reserve(reports.size());
  for (const RowReport& report : reports) values.push_back(static_cast<T>(get(report)));
  return values;
}

// ---- reading -------------------------------------------------------------------------------------------

class NpzReader {
 public:
  explicit NpzReader(const std::filesystem::path& path) : path_(path), file_size_(MappedFile(path).bytes().size()) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
    if (zip_) return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail(path.string(), "no readable zip archive (" + text + ")", "an .npz file");
  }

  bool contains(const std::string& name) const {
    return zip_name_locate(zip_.get(), (name + ".npy").c_str(), 0) >= 0;
  }

  /// A member's array of type T; its bytes stay alive in `bytes_`.
  template <class T>
  std::vector<T> values(const std::string& name, NpyType type, std::size_t dimensions = 1) {
    const NpyArray array = member(name);
    const std::string full = label(name);
    if (array.type != type) fail(full, "type " + descriptor_of(array.type), "type " + descriptor_of(type));
    if (array.shape.size() != dimensions) {
      fail(full, std::to_string(array.shape.size()) + " dimensions", std::to_string(dimensions));
    }
    return copy<T>(array);
  }

  /// Integers of either width, as NumPy and SciPy write them.
  std::vector<std::int64_t> integers(const std::string& name) {
    const NpyArray array = member(name);
    if (array.type == NpyType::int64) return copy<std::int64_t>(array);
    if (array.type != NpyType::int32) {
      fail(label(name), "type " + descriptor_of(array.type), "int32 or int64");
    }
    const std::vector<std::int32_t> narrow = copy<std::int32_t>(array);
    return {narrow.begin(), narrow.end()};
  }

  std::vector<float> floats(const std::string& name) {
    const NpyArray array = member(name);
    return to_float32(array, label(name));
  }

  std::string label(const std::string& name) const { return path_.string() + ":" + name + ".npy"; }
  const std::filesystem::path& path() const { return path_; }

  /// SciPy's "format" member: an array of bytes ("|S3") or unicode ("<U3"), which parse_npy does not read.
  bool is_csr() {
    if (!contains("format")) return false;
    read_bytes("format");
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    std::string letters;
    for (const char c : text.substr(end + 1)) {
      if (c != '\0') letters += c;
    }
    return letters == "csr";
  }

 private:
  NpyArray member(const std::string& name) {
    if (!contains(name)) fail(path_.string(), "no member " + name + ".npy", "the arrays of a CSR matrix");
    read_bytes(name);
    return parse_npy(bytes_, label(name));
  }

  void read_bytes(const std::string& name) {
    const std::string full = name + ".npy";
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat(zip_.get(), full.c_str(), 0, &status) != 0 || (status.valid & ZIP_STAT_SIZE) == 0) {
      fail(label(name), "a member without a size", "one with a size");
    }
    // Deflate shrinks at most about 1,030-fold: a larger claim is a lie, and is not allocated.
    if (status.size > (static_cast<zip_uint64_t>(file_size_) + 1) * 1100) {
      fail(label(name), "a claimed size of " + std::to_string(status.size) + " bytes in a file of " +
                            std::to_string(file_size_),
           "a size that the archive can hold");
    }
    std::unique_ptr<zip_file_t, EntryClose> entry(zip_fopen(zip_.get(), full.c_str(), 0));
    if (!entry) fail(label(name), zip_strerror(zip_.get()), "a readable member");
    bytes_.resize(status.size);
    zip_uint64_t done = 0;
    while (done < status.size) {
      const zip_int64_t got = zip_fread(entry.get(), bytes_.data() + done, status.size - done);
      if (got <= 0) fail(label(name), "a damaged or truncated member", std::to_string(status.size) + " bytes");
      done += static_cast<zip_uint64_t>(got);
    }
    char beyond = 0;
    if (zip_fread(entry.get(), &beyond, 1) != 0) {
      fail(label(name), "more data than the archive says, or a wrong checksum", "a sound member");
    }
  }

  template <class T>
  static std::vector<T> copy(const NpyArray& array) {
    std::vector<T> values(static_cast<std::size_t>(array.elements()));
    if (!values.empty()) std::memcpy(values.data(), array.data.data(), array.data.size());
    return values;
  }

  std::filesystem::path path_;
  std::size_t file_size_;
  Zip zip_;
  std::vector<std::byte> bytes_;
};

void check_csr(const std::string& name, const SparseCodes& codes, const std::vector<std::int64_t>& indices) {
  const std::int64_t nnz = codes.nnz();
  if (codes.rows < 0 || codes.cols < 0 || codes.cols > 0x7fffffff) {
    fail(name + ":shape", std::to_string(codes.rows) + " x " + std::to_string(codes.cols), "rows >= 0, columns < 2^31");
  }
  if (static_cast<std::int64_t>(codes.row_offsets.size()) - 1 != codes.rows || codes.row_offsets.front() != 0 ||
      codes.row_offsets.back() != nnz || static_cast<std::int64_t>(indices.size()) != nnz) {
    fail(name + ":indptr", std::to_string(codes.row_offsets.size()) + " offsets for " + std::to_string(nnz) + " values",
         "rows + 1 offsets from 0 to the number of values");
  }
  for (std::size_t row = 0; row + 1 < codes.row_offsets.size(); ++row) {
    const std::int64_t begin = codes.row_offsets[row];
    const std::int64_t end = codes.row_offsets[row + 1];
    if (end < begin || end > nnz) fail(name + ":indptr", "a fall at row " + std::to_string(row), "ascending offsets");
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t index = indices[static_cast<std::size_t>(i)];
      const std::int64_t before = i > begin ? indices[static_cast<std::size_t>(i - 1)] : -1;
      if (index <= before || index >= codes.cols) {
        fail(name + ":indices", std::to_string(index) + " in row " + std::to_string(row),
             "ascending indices below " + std::to_string(codes.cols));
      }
    }
  }
}

SparseCodes read_csr(NpzReader& reader) {
  const std::string name = reader.path().string();
  if (!reader.is_csr()) fail(name, "no member format with the text csr", "a CSR matrix as scipy.sparse.save_npz writes");
  const std::vector<std::int64_t> shape = reader.integers("shape");
  if (shape.size() != 2) fail(name + ":shape", std::to_string(shape.size()) + " entries", "2");
  SparseCodes codes;
  codes.rows = shape[0];
  codes.cols = shape[1];
  codes.row_offsets = reader.integers("indptr");
  codes.values = reader.floats("data");
  if (codes.row_offsets.empty()) fail(name + ":indptr", "no offsets", "rows + 1 offsets");
  const std::vector<std::int64_t> indices = reader.integers("indices");
  check_csr(name, codes, indices);
  codes.atom_indices.assign(indices.begin(), indices.end());
  return codes;
}

void read_reports(NpzReader& reader, CodesFile& file) {
  if (!reader.contains("gap")) return;
  const auto rows = static_cast<std::size_t>(file.codes.rows);
  const auto gap = reader.values<double>("gap", NpyType::float64);
  const auto primal = reader.values<double>("primal", NpyType::float64);
  const auto dual = reader.values<double>("dual", NpyType::float64);
  const auto violation = reader.values<double>("kkt_violation", NpyType::float64);
  const auto status = reader.values<std::uint8_t>("status", NpyType::uint8);
  const auto rounds = reader.values<std::int32_t>("rounds", NpyType::int32);
  const auto iterations = reader.values<std::int32_t>("iterations", NpyType::int32);
  for (const std::size_t count :
       {gap.size(), primal.size(), dual.size(), violation.size(), status.size(), rounds.size(), iterations.size()}) {
    if (count != rows) {
      fail(reader.path().string(), "a per-row array of " + std::to_string(count) + " entries", std::to_string(rows));
    }
  }
  file.reports.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (status[i] > static_cast<std::uint8_t>(RowStatus::zero_embedding)) {
      fail(reader.label("status"), std::to_string(status[i]) + " in row " + std::to_string(i), "0 to 3");
    }
    file.reports[i] = {primal[i], dual[i], gap[i], violation[i], rounds[i], iterations[i],
                       static_cast<RowStatus>(status[i])};
  }
}

}  // namespace

void write_codes(const std::filesystem::path& path, const CodesFile& file) {
  NpzWriter writer;
  const std::vector<std::int64_t> shape = {file.codes.rows, file.codes.cols};
  std::vector<std::int32_t> l0;
  for (std::int64_t row = 0; row < file.codes.rows; ++row) l0.push_back(static_cast<std::int32_t>(file.codes.l0(row)));
  // SciPy reads the matrix's format from a 0-d array of bytes.
  std::string format = npy_header(NpyType::uint8, {});
  const std::size_t descriptor = format.find("|u1");
  format.replace(descriptor, 3, "|S3");
  constexpr std::string_view csr = "csr";
  writer.add_bytes("format", format, std::as_bytes(std::span(csr)));
  writer.add("shape", NpyType::int64, shape);
  writer.add("indptr", NpyType::int64, file.codes.row_offsets);
  writer.add("indices", NpyType::int32, file.codes.atom_indices);
  writer.add("data", NpyType::float32, file.codes.values);
  writer.add("l0", NpyType::int32, l0);
  const auto gap = column<double>(file.reports, [](const RowReport& r) { return r.gap; });
  const auto primal = column<double>(file.reports, [](const RowReport& r) { return r.primal; });
  const auto dual = column<double>(file.reports, [](const RowReport& r) { return r.dual; });
  const auto violation = column<double>(file.reports, [](const RowReport& r) { return r.kkt_violation; });
  const auto status = column<std::uint8_t>(file.reports, [](const RowReport& r) { return r.status; });
  const auto rounds = column<std::int32_t>(file.reports, [](const RowReport& r) { return r.rounds; });
  const auto iterations = column<std::int32_t>(file.reports, [](const RowReport& r) { return r.iterations; });
  if (static_cast<std::int64_t>(file.reports.size()) == file.codes.rows) {
    writer.add("gap", NpyType::float64, gap);
    writer.add("primal", NpyType::float64, primal);
    writer.add("dual", NpyType::float64, dual);
    writer.add("kkt_violation", NpyType::float64, violation);
    writer.add("status", NpyType::uint8, status);
    writer.add("rounds", NpyType::int32, rounds);
    writer.add("iterations", NpyType::int32, iterations);
  }
  if (!file.cosine.empty() || file.codes.rows == 0) writer.add("cosine", NpyType::float32, file.cosine);
  const std::vector<std::uint8_t> options(file.options_json.begin(), file.options_json.end());
  writer.add("options", NpyType::uint8, options);
  writer.write(path);
}

CodesFile read_codes(const std::filesystem::path& path) {
  NpzReader reader(path);
  CodesFile file;
  file.codes = read_csr(reader);
  read_reports(reader, file);
  if (reader.contains("cosine")) {
    file.cosine = reader.floats("cosine");
    if (static_cast<std::int64_t>(file.cosine.size()) != file.codes.rows) {
      fail(reader.label("cosine"), std::to_string(file.cosine.size()) + " entries", std::to_string(file.codes.rows));
    }
  }
  if (reader.contains("options")) {
    const auto text = reader.values<std::uint8_t>("options", NpyType::uint8);
    file.options_json.assign(text.begin(), text.end());
  }
  return file;
}

}  // namespace splice_cuda::io
