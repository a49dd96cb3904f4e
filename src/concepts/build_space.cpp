#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "concepts/atom_memory.hpp"
#include "concepts/unit_rows.hpp"
#include "core/equal_keys.hpp"
#include "core/equal_rows.hpp"
#include "core/memory_errors.hpp"
#include "core/typed_rows.hpp"
#include "core/validate.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {
namespace {

template <class T>
T rounded(float value) {
  if constexpr (std::is_same_v<T, Float16>) return to_float16(value);
  if constexpr (std::is_same_v<T, BFloat16>) return to_bfloat16(value);
  if constexpr (std::is_same_v<T, float>) return value;
}

/// Rows of the text embeddings in fp64, read in blocks: asked for in ascending order.
class TextRows {
 public:
  TextRows(const RowReader& read, std::int64_t rows, std::int64_t dim)
      : read_(read), rows_(rows), dim_(dim) {}

  /// Row `line`; valid until the next one.
  std::vector<double>& row(std::int64_t line) {
    if (line < first_ || line >= first_ + count_) load(line);
    const float* values = block_.data() + (line - first_) * dim_;
    row_.assign(values, values + dim_);
    return row_;
  }

 private:
  void load(std::int64_t line) {
    const std::int64_t most = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / dim_);
    first_ = line;
    count_ = std::min(most, rows_ - line);
    block_.resize(static_cast<std::size_t>(count_ * dim_));
    read_(first_, {block_.data(), count_, dim_});
  }

  const RowReader& read_;
  std::int64_t rows_;
  std::int64_t dim_;
  std::int64_t first_ = 0;
  std::int64_t count_ = 0;
  std::vector<float> block_;
  std::vector<double> row_;
};

/// For each name the first line that has it.
std::vector<std::int32_t> first_of_name(const std::vector<std::string>& names) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(names.size());
  for (const std::string& name : names) hashes.push_back(std::hash<std::string>{}(name));
  return first_equal_items(hashes, [&](std::int32_t a, std::int32_t b) {
    return names[static_cast<std::size_t>(a)].compare(names[static_cast<std::size_t>(b)]);
  });
}

/// Lines that have a new name and a direction.
/// @param mean  [d] zeros; becomes the mean of these lines' unit rows
std::vector<std::int64_t> usable_lines(TextRows& text, const std::vector<std::string>& names,
                                       std::int64_t first, std::vector<double>& mean,
                                       DroppedConcepts& dropped) {
  std::vector<std::int64_t> kept;
  const std::vector<std::int32_t> same = first_of_name(names);
  std::vector<bool> seen(names.size());  // by the first line of the name
  for (auto line = first; line < static_cast<std::int64_t>(names.size()); ++line) {
    const std::string& name = names[static_cast<std::size_t>(line)];
    if (!io::is_utf8(name))
      fail_argument("names", "line " + std::to_string(line) + " that is not UTF-8", "UTF-8 text");
    if (name.find_first_not_of(" \t") == std::string::npos) {
      dropped.empty_name.push_back(line);
      continue;
    }
    const auto name_number = static_cast<std::size_t>(same[static_cast<std::size_t>(line)]);
    if (seen[name_number]) {
      dropped.duplicate_name.push_back(line);
      continue;
    }
    std::vector<double>& row = text.row(line);
    if (!std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); })) {
      dropped.non_finite.push_back(line);
      continue;
    }
    if (!normalize_row(row)) {
      dropped.zero_embedding.push_back(line);
      continue;
    }
    seen[name_number] = true;
    kept.push_back(line);
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += row[k];
  }
  for (double& value : mean) value /= static_cast<double>(std::max<std::size_t>(1, kept.size()));
  return kept;
}

/// normalise -> subtract the mean -> normalise; an empty mean leaves the second half out.
/// @returns false for a row without a direction
bool make_atom(std::vector<double>& row, const std::vector<double>& mean) {
  constexpr double vanished = 1e-7;  // float32 input can't tell such a row from the mean
  if (!normalize_row(row)) return false;
  if (mean.empty()) return true;
  double length = 0;
  for (std::size_t k = 0; k < mean.size(); ++k) {
    row[k] -= mean[k];
    length += row[k] * row[k];
  }
  return std::sqrt(length) > vanished && normalize_row(row);
}

/// Writes the lines' atoms one behind the other; lines without a direction leave.
void write_atoms(TextRows& text, const std::vector<double>& mean, const AtomMemory& out,
                 std::vector<std::int64_t>& lines, DroppedConcepts& dropped) {
  std::size_t kept = 0;
  for (const std::int64_t line : lines) {
    std::vector<double>& row = text.row(line);
    if (!make_atom(row, mean)) {
      dropped.zero_embedding.push_back(line);
      continue;
    }
    with_element_type(out.atoms.dtype, [&]<class T>(T) {
      T* atom = reinterpret_cast<T*>(out.owner.get()) + static_cast<std::int64_t>(kept) * out.atoms.ld;
      for (const double value : row) *atom++ = without_negative_zero(rounded<T>(static_cast<float>(value)));
    });
    lines[kept++] = line;
  }
  lines.resize(kept);
  std::sort(dropped.zero_embedding.begin(), dropped.zero_embedding.end());
}

/// Of equal atoms the first stays.
void drop_equal_atoms(const AtomMemory& memory, std::vector<std::int64_t>& lines, DroppedConcepts& dropped) {
  const auto rows = static_cast<std::int64_t>(lines.size());
  const auto row_bytes = static_cast<std::size_t>(memory.atoms.ld * memory.atoms.element_size());
  const auto first_equal = first_equal_rows(memory.atoms.slice(0, rows));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < first_equal.size(); ++i) {
    if (first_equal[i] != static_cast<std::int32_t>(i)) {
      dropped.duplicate_vector.push_back(lines[i]);
      continue;
    }
    if (kept != i)
      std::memcpy(memory.owner.get() + kept * row_bytes, memory.owner.get() + i * row_bytes, row_bytes);
    lines[kept++] = lines[i];
  }
  lines.resize(kept);
}

}  // namespace

ConceptSpace ConceptSpace::build(TypedMatrixView text_embeddings, const std::vector<std::string>& names,
                                 const BuildOptions& options, DroppedConcepts* dropped) {
  check_matrix("text_embeddings", text_embeddings.data, text_embeddings.rows, text_embeddings.cols,
               text_embeddings.ld);
  check_device("text_embeddings", text_embeddings.device, Device::cpu());
  if (static_cast<std::int64_t>(names.size()) != text_embeddings.rows) {
    fail_argument("names", std::to_string(names.size()) + " names",
                  "one a row of text_embeddings, " + std::to_string(text_embeddings.rows));
  }
  const RowReader read = [&](std::int64_t first, MatrixView<float> out) {
    for (std::int64_t i = 0; i < out.rows; ++i) convert_row(text_embeddings, first + i, out.row(i));
  };
  return build(read, text_embeddings.cols, names, options, dropped);
}

ConceptSpace ConceptSpace::build(const RowReader& text_embeddings, std::int64_t dim,
                                 const std::vector<std::string>& names, const BuildOptions& options,
                                 DroppedConcepts* dropped) {
  if (dim < 1 || dim > 65536)
    fail_argument("text_embeddings", std::to_string(dim) + " columns", "1 to 65536 columns");
  if (options.last < 0) fail_argument("last", std::to_string(options.last), "0 (all) or more");
  const auto rows = static_cast<std::int64_t>(names.size());
  if (rows > 0x7fffffff) fail_argument("names", std::to_string(rows) + " names", "at most 2147483647");
  DroppedConcepts unwanted;
  DroppedConcepts& out = dropped != nullptr ? *dropped : unwanted;
  out = {};
  return with_memory_errors("building a dictionary of " + std::to_string(rows) + " concepts", [&] {
    TextRows text(text_embeddings, rows, dim);
    const std::int64_t first = options.last == 0 ? 0 : std::max<std::int64_t>(0, rows - options.last);
    std::vector<double> mean(static_cast<std::size_t>(dim), 0.0);
    std::vector<std::int64_t> lines = usable_lines(text, names, first, mean, out);
    if (!options.center) mean.clear();
    const AtomMemory memory = allocate_atoms(static_cast<std::int64_t>(lines.size()), dim, options.dtype);
    write_atoms(text, mean, memory, lines, out);
    drop_equal_atoms(memory, lines, out);
    if (lines.empty()) {
      fail_argument("text_embeddings", std::to_string(rows) + " rows of which none is usable",
                    "at least one named, finite row that differs from the mean");
    }
    std::vector<std::string> kept_names;
    kept_names.reserve(lines.size());
    for (const std::int64_t line : lines) kept_names.push_back(names[static_cast<std::size_t>(line)]);
    ConceptSpace space(memory.atoms.slice(0, static_cast<std::int64_t>(lines.size())), memory.owner,
                       std::move(kept_names));
    space.text_mean_.assign(mean.begin(), mean.end());
    return space;
  });
}

}  // namespace splice_cuda
