#include "io/embedding_source.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "core/validate.hpp"
#include "io/fail.hpp"
#include "io/mapped_file.hpp"
#include "io/npy.hpp"
#include "io/safetensors.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

void check_matrix_shape(const std::vector<std::int64_t>& shape, const std::string& name) {
  if (shape.size() != 2) fail(name, std::to_string(shape.size()) + " dimensions", "a matrix [rows, d]");
  // A file without rows may claim any d: the limit keeps a row's bytes countable.
  if (shape[1] < 1 || shape[1] > std::numeric_limits<std::int32_t>::max()) {
    fail(name, "rows of length " + std::to_string(shape[1]), "1 <= d < 2^31");
  }
}

/// A read outside the source is the caller's mistake.
void check_block(const EmbeddingSource& source, std::int64_t first, const MatrixView<float>& out) {
  if (out.cols != source.dim() || out.ld < out.cols) {
    fail_argument("out", std::to_string(out.cols) + " columns", "rows of length " + std::to_string(source.dim()));
  }
  if (first < 0 || out.rows < 0 || first > source.rows() - out.rows) {
    fail_argument("first", std::to_string(out.rows) + " rows from row " + std::to_string(first) + " on",
                  "rows of the " + std::to_string(source.rows()) + " there are");
  }
}

class NpySource final : public EmbeddingSource {
 public:
  explicit NpySource(const std::filesystem::path& path) : file_(path), array_(parse_npy(file_.bytes(), path.string())) {
    check_matrix_shape(array_.shape, path.string());
    check_float_type(array_.type, path.string());
  }
  std::int64_t rows() const noexcept override { return array_.shape[0]; }
  std::int64_t dim() const noexcept override { return array_.shape[1]; }
  void read(std::int64_t first, MatrixView<float> out) const override {
    check_block(*this, first, out);
    const std::size_t row_bytes = static_cast<std::size_t>(dim()) * size_of(array_.type);
    const auto start = static_cast<std::size_t>(array_.data.data() - file_.bytes().data());
    std::vector<std::byte> row(row_bytes);
    for (std::int64_t i = 0; i < out.rows; ++i) {
      file_.read_at(start + static_cast<std::size_t>(first + i) * row_bytes, row);
      convert_to_float32(array_.type, row.data(), dim(), out.row(i));
    }
  }

 private:
  MappedFile file_;
  NpyArray array_;
};

class SafetensorsSource final : public EmbeddingSource {
 public:
  explicit SafetensorsSource(const std::filesystem::path& path) : name_(path.string()), file_(path) {
    if (file_.contains("embeddings")) {
      tensor_ = file_.tensor("embeddings");
    } else {
      int matrices = 0;
      for (const auto& [key, tensor] : file_.tensors()) {
        if (tensor.shape.size() != 2) continue;
        tensor_ = tensor;
        ++matrices;
      }
      if (matrices != 1) {
        fail(name_, std::to_string(matrices) + " matrices", "one matrix, or one called \"embeddings\"");
      }
    }
    check_matrix_shape(tensor_.shape, name_);
    check_float_type(tensor_.type, name_);
  }
  std::int64_t rows() const noexcept override { return tensor_.shape[0]; }
  std::int64_t dim() const noexcept override { return tensor_.shape[1]; }
  void read(std::int64_t first, MatrixView<float> out) const override {
    check_block(*this, first, out);
    const std::size_t row_bytes = static_cast<std::size_t>(dim()) * size_of(tensor_.type);
    std::vector<std::byte> row(row_bytes);
    for (std::int64_t i = 0; i < out.rows; ++i) {
      file_.read_at(tensor_, static_cast<std::size_t>(first + i) * row_bytes, row);
      convert_to_float32(tensor_.type, row.data(), dim(), out.row(i));
    }
  }

 private:
  std::string name_;
  SafetensorsFile file_;
  TensorView tensor_;
};

/// The N of img_emb_N.npy; nothing for other names.
std::optional<std::uint64_t> shard_number(const std::filesystem::path& path) {
  constexpr std::string_view prefix = "img_emb_";
  constexpr std::string_view suffix = ".npy";
  const std::string name = path.filename().string();
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) return std::nullopt;
  const std::string_view digits = std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return std::nullopt;
  // Left out silently, its rows would be missing.
  if (error != std::errc{}) fail(path.string(), "a shard number beyond 2^64", "a smaller number");
  return number;
}

/// Shards of a folder in the order of their numbers.
std::vector<std::filesystem::path> find_shards(const std::filesystem::path& folder) {
  std::map<std::uint64_t, std::filesystem::path> found;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto number = shard_number(entry->path());
    if (!number) continue;
    const auto [place, is_new] = found.emplace(*number, entry->path());
    if (!is_new) {
      fail(folder.string(), "both " + place->second.filename().string() + " and " + entry->path().filename().string(),
           "one shard of each number");
    }
  }
  if (error) throw FileError(folder.string() + ": can't list: " + error.message());
  if (found.empty()) fail(folder.string(), "no img_emb_N.npy", "a folder of such shards");
  std::vector<std::filesystem::path> shards;
  for (auto& [number, path] : found) shards.push_back(std::move(path));
  return shards;
}

/// Shards of clip-retrieval: img_emb_0.npy, img_emb_1.npy, ... (numbers may have leading zeros).
class ShardedSource final : public EmbeddingSource {
 public:
  explicit ShardedSource(const std::filesystem::path& folder) {
    for (const std::filesystem::path& path : find_shards(folder)) {
      shards_.push_back(std::make_unique<NpySource>(path));
      if (shards_.back()->dim() != shards_.front()->dim()) {
        fail(path.string(), "rows of length " + std::to_string(shards_.back()->dim()),
             std::to_string(shards_.front()->dim()) + ", as in the first shard");
      }
      starts_.push_back(rows_);
      rows_ += shards_.back()->rows();
    }
  }
  std::int64_t rows() const noexcept override { return rows_; }
  std::int64_t dim() const noexcept override { return shards_.front()->dim(); }
  void read(std::int64_t first, MatrixView<float> out) const override {
    check_block(*this, first, out);
    std::int64_t done = 0;
    while (done < out.rows) {
      const auto next = std::upper_bound(starts_.begin(), starts_.end(), first + done);
      // Empty shards share their start with the next one: upper_bound passes them.
      const auto index = static_cast<std::size_t>(next - starts_.begin()) - 1;
      const std::int64_t inside = first + done - starts_[index];
      const std::int64_t count = std::min(out.rows - done, shards_[index]->rows() - inside);
      shards_[index]->read(inside, out.slice(done, count));
      done += count;
    }
  }

 private:
  std::vector<std::unique_ptr<EmbeddingSource>> shards_;
  std::vector<std::int64_t> starts_;
  std::int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<EmbeddingSource> EmbeddingSource::open(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::make_unique<ShardedSource>(path);
  if (path.extension() == ".safetensors") return std::make_unique<SafetensorsSource>(path);
  return std::make_unique<NpySource>(path);
}

std::vector<std::string> read_concept_list(const std::filesystem::path& path, const std::string& noun) {
  const MappedFile file(path);
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // some editors put it before the first line
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_utf8(line) || line.find('\0') != std::string_view::npos) {
      fail(path.string(), "line " + std::to_string(lines.size() + 1) + " that is not UTF-8 text", "UTF-8, one " + noun + " a line");
    }
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace splice_cuda::io
