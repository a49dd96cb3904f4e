#include "io/npz.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

#include "io/fail.hpp"
#include "io/npy.hpp"
#include "io/npz_reader.hpp"
#include "io/npz_writer.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

constexpr std::int64_t longest_options = std::int64_t{1} << 24;

template <class T, class Get>
std::vector<T> column(const std::vector<RowReport>& reports, Get get) {
  std::vector<T> values;
  values.reserve(reports.size());
  for (const RowReport& report : reports) values.push_back(static_cast<T>(get(report)));
  return values;
}

/// Offsets from 0 to nnz that never fall.
void check_offsets(const std::vector<std::int64_t>& offsets, const std::string& name) {
  if (offsets.front() != 0) fail(name, "a first offset of " + std::to_string(offsets.front()), "0");
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    if (offsets[row + 1] < offsets[row]) {
      fail(name,
           "a fall from " + std::to_string(offsets[row]) + " to " + std::to_string(offsets[row + 1]) +
               " in row " + std::to_string(row),
           "offsets that never fall");
    }
  }
}

/// Indices below `cols` that ascend within each row; the offsets are sound.
void check_indices(const std::vector<std::int64_t>& offsets, const std::vector<std::int64_t>& indices,
                   std::int64_t cols, const std::string& name) {
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    std::int64_t before = -1;
    for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      const std::int64_t index = indices[static_cast<std::size_t>(i)];
      if (index <= before || index >= cols) {
        fail(name, std::to_string(index) + " in row " + std::to_string(row),
             "ascending indices below " + std::to_string(cols));
      }
      before = index;
    }
  }
}

/// The offsets are sound.
void check_values(const std::vector<std::int64_t>& offsets, const std::vector<float>& values, const std::string& name) {
  const auto bad = std::find_if_not(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
  if (bad == values.end()) return;
  const auto row = std::upper_bound(offsets.begin(), offsets.end(), bad - values.begin()) - offsets.begin() - 1;
  fail(name, (std::isnan(*bad) ? "NaN" : "infinity") + std::string(" in row ") + std::to_string(row), "finite weights");
}

SparseCodes read_csr(NpzReader& reader) {
  if (const std::string format = reader.format(); format != "csr") {
    fail(reader.path().string(), format.empty() ? "no member format.npy with the text csr" : "a matrix in the format " + format,
         "a CSR matrix as scipy.sparse.save_npz writes (of another one: matrix.tocsr())");
  }
  constexpr std::int64_t most_rows = std::int64_t{1} << 48;  // their offsets' bytes can be counted
  const std::vector<std::int64_t> shape = reader.integers("shape", 2);
  SparseCodes codes;
  codes.rows = shape[0];
  codes.cols = shape[1];
  if (codes.rows < 0 || codes.rows > most_rows || codes.cols < 0 || codes.cols > 0x7fffffff) {
    fail(reader.label("shape"), std::to_string(codes.rows) + " x " + std::to_string(codes.cols),
         "0 to 2^48 rows and 0 to 2^31 - 1 columns");
  }
  codes.row_offsets = reader.integers("indptr", codes.rows + 1);
  check_offsets(codes.row_offsets, reader.label("indptr"));
  const std::int64_t nnz = codes.row_offsets.back();
  codes.values = reader.floats("data", nnz);
  check_values(codes.row_offsets, codes.values, reader.label("data"));
  const std::vector<std::int64_t> indices = reader.integers("indices", nnz);
  check_indices(codes.row_offsets, indices, codes.cols, reader.label("indices"));
  codes.atom_indices.assign(indices.begin(), indices.end());
  return codes;
}

/// Names one behind the other, and where each begins.
struct PackedNames {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> offsets = {0};
};

PackedNames pack(const std::vector<std::string>& names) {
  PackedNames packed;
  for (const std::string& name : names) {
    packed.bytes.insert(packed.bytes.end(), name.begin(), name.end());
    packed.offsets.push_back(static_cast<std::int64_t>(packed.bytes.size()));
  }
  return packed;
}

std::vector<std::string> read_names(NpzReader& reader, std::int64_t rows) {
  std::vector<std::string> names;
  if (!reader.contains("names")) return names;
  const std::vector<std::int64_t> offsets = reader.integers("name_offsets", rows + 1);
  check_offsets(offsets, reader.label("name_offsets"));
  const std::vector<std::uint8_t> bytes = reader.bytes("names", offsets.back());
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    names.emplace_back(bytes.begin() + offsets[row], bytes.begin() + offsets[row + 1]);
  }
  return names;
}

void read_reports(NpzReader& reader, CodesFile& file) {
  if (!reader.contains("gap")) return;
  const std::int64_t rows = file.codes.rows;
  const auto gap = reader.doubles("gap", rows);
  const auto primal = reader.doubles("primal", rows);
  const auto dual = reader.doubles("dual", rows);
  const auto violation = reader.doubles("kkt_violation", rows);
  const auto status = reader.bytes("status", rows);
  const auto rounds = reader.int32s("rounds", rows);
  const auto iterations = reader.int32s("iterations", rows);
  std::vector<double> penalty;  // files of earlier versions name it among the options only
  if (reader.contains("l1_penalty")) penalty = reader.doubles("l1_penalty", rows);
  file.reports.resize(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < file.reports.size(); ++i) {
    if (status[i] > static_cast<std::uint8_t>(RowStatus::zero_embedding)) {
      fail(reader.label("status"), std::to_string(status[i]) + " in row " + std::to_string(i), "0 to 3");
    }
    if (!penalty.empty() && (!(penalty[i] >= 0) || penalty[i] > std::numeric_limits<float>::max())) {
      fail(reader.label("l1_penalty"), std::to_string(penalty[i]) + " in row " + std::to_string(i), "a float32 number >= 0");
    }
    file.reports[i] = {primal[i],
                       dual[i],
                       gap[i],
                       violation[i],
                       rounds[i],
                       iterations[i],
                       static_cast<RowStatus>(status[i]),
                       penalty.empty() ? 0 : penalty[i]};
  }
}

}  // namespace

void write_codes(const std::filesystem::path& path, const CodesFile& file) {
  NpzWriter writer;
  const std::vector<std::int64_t> shape = {file.codes.rows, file.codes.cols};
  std::vector<std::int32_t> l0;
  for (std::int64_t row = 0; row < file.codes.rows; ++row)
    l0.push_back(static_cast<std::int32_t>(file.codes.l0(row)));
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
  const auto penalty = column<double>(file.reports, [](const RowReport& r) { return r.l1_penalty; });
  const auto status = column<std::uint8_t>(file.reports, [](const RowReport& r) { return r.status; });
  const auto rounds = column<std::int32_t>(file.reports, [](const RowReport& r) { return r.rounds; });
  const auto iterations = column<std::int32_t>(file.reports, [](const RowReport& r) { return r.iterations; });
  if (static_cast<std::int64_t>(file.reports.size()) == file.codes.rows) {
    writer.add("gap", NpyType::float64, gap);
    writer.add("primal", NpyType::float64, primal);
    writer.add("dual", NpyType::float64, dual);
    writer.add("kkt_violation", NpyType::float64, violation);
    writer.add("l1_penalty", NpyType::float64, penalty);
    writer.add("status", NpyType::uint8, status);
    writer.add("rounds", NpyType::int32, rounds);
    writer.add("iterations", NpyType::int32, iterations);
  }
  if (!file.cosine.empty() || file.codes.rows == 0) writer.add("cosine", NpyType::float32, file.cosine);
  const PackedNames names = pack(file.names);
  if (!file.names.empty()) {
    writer.add("names", NpyType::uint8, names.bytes);
    writer.add("name_offsets", NpyType::int64, names.offsets);
  }
  const std::vector<std::uint8_t> options(file.options_json.begin(), file.options_json.end());
  writer.add("options", NpyType::uint8, options);
  writer.write(path);
}

CodesFile read_codes(const std::filesystem::path& path) {
  NpzReader reader(path);
  CodesFile file;
  file.codes = read_csr(reader);
  read_reports(reader, file);
  if (reader.contains("cosine")) file.cosine = reader.floats("cosine", file.codes.rows);
  file.names = read_names(reader, file.codes.rows);
  if (reader.contains("options")) file.options_json = reader.text("options", longest_options);
  return file;
}

}  // namespace splice_cuda::io
