#include "splice_cuda/concept_space.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <list>
#include <mutex>
#include <utility>

#include "concepts/atom_memory.hpp"
#include "concepts/nearest_names.hpp"
#include "concepts/unit_rows.hpp"
#include "core/code_rows.hpp"
#include "core/equal_keys.hpp"
#include "core/memory_errors.hpp"
#include "core/problem.hpp"
#include "core/typed_rows.hpp"
#include "core/validate.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/recompose.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t rows_at_once = 8192;  // prepared or recomposed copies held at a time

std::vector<double> load_row(const EmbeddingsView& view, std::int64_t row) {
  std::vector<double> values(static_cast<std::size_t>(view.cols));
  convert_row(view, row, values.data());
  return values;
}

void append_result(DecomposeResult& whole, DecomposeResult part, bool first) {
  if (first) {
    whole = std::move(part);
    return;
  }
  append_rows(whole.codes, part.codes);
  whole.reports.insert(whole.reports.end(), part.reports.begin(), part.reports.end());
}

void check_raw(const EmbeddingsView& raw, std::int64_t dim) {
  check_matrix("embeddings", raw.data, raw.rows, raw.cols, raw.ld);
  check_device("embeddings", raw.device, Device::cpu());
  if (raw.cols != dim) {
    fail_argument("embeddings", std::to_string(raw.cols) + " columns",
                  "the dictionary's dimension, " + std::to_string(dim));
  }
}

std::uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

/// Atoms in the order of their names' hashes. @throws ArgumentError where two names are equal
std::vector<std::int32_t> index_names(const std::vector<std::string>& names) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(names.size());
  for (const std::string& name : names) hashes.push_back(hash_of(name));
  const auto name_of = [&](std::int32_t atom) -> const std::string& { return names[static_cast<std::size_t>(atom)]; };
  const auto compare = [&](std::int32_t a, std::int32_t b) { return name_of(a).compare(name_of(b)); };
  std::vector<std::int32_t> order;
  order.reserve(names.size());
  for (const auto& [hash, atom] : order_by_hash(hashes, compare)) {
    if (!order.empty() && compare(order.back(), atom) == 0) fail_argument("names", "\"" + name_of(atom) + "\" twice", "unique names");
    order.push_back(atom);
  }
  return order;
}

std::vector<std::string> numbered_names(std::int64_t count) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(count));
  for (std::int64_t j = 0; j < count; ++j) names.push_back("atom " + std::to_string(j));
  return names;
}

}  // namespace

/// Entries stay where they are once made: references to them outlive later calls.
struct ConceptSpace::Dictionaries {
  std::mutex mutex;
  std::list<Dictionary> made;
};

ConceptSpace::ConceptSpace(TypedMatrixView atoms, std::shared_ptr<const void> owner, std::vector<std::string> names)
    : atoms_(atoms), atoms_owner_(std::move(owner)), dictionaries_(std::make_shared<Dictionaries>()) {
  check_atom_shape(atoms);
  names_ = names.empty() ? numbered_names(atoms.rows) : std::move(names);
  if (size() != atoms.rows) {
    fail_argument("names", std::to_string(size()) + " names", "one an atom, " + std::to_string(atoms.rows));
  }
  for (const std::string& name : names_) {
    if (!io::is_utf8(name)) fail_argument("names", "text that is not UTF-8", "UTF-8");
  }
  const std::int64_t bad = first_non_finite_row(atoms);
  if (bad < atoms.rows) fail_argument("atoms", "a NaN or infinity in row " + std::to_string(bad), "finite numbers");
  by_name_ = index_names(names_);
}

ConceptSpace ConceptSpace::from_atoms(TypedMatrixView atoms, std::vector<std::string> names) {
  check_atom_shape(atoms);
  check_device("atoms", atoms.device, Device::cpu());
  return with_memory_errors("copying " + std::to_string(atoms.rows) + " atoms", [&] {
    const AtomMemory copy = allocate_atoms(atoms.rows, atoms.cols, atoms.dtype);
    const auto row_bytes = static_cast<std::size_t>(atoms.cols * atoms.element_size());
    for (std::int64_t j = 0; j < atoms.rows; ++j) {
      std::memcpy(copy.owner.get() + static_cast<std::size_t>(j) * row_bytes, atoms.slice(j, 1).data, row_bytes);
    }
    return ConceptSpace(copy.atoms, copy.owner, std::move(names));
  });
}

void ConceptSpace::read_atoms(std::int64_t first, MatrixView<float> out) const {
  check_matrix("out", out.data, out.rows, out.cols, out.ld);
  check_device("out", out.device, Device::cpu());
  if (out.cols != dim()) {
    fail_argument("out", std::to_string(out.cols) + " columns", "the dictionary's dimension, " + std::to_string(dim()));
  }
  if (first < 0 || first > size() - out.rows) {
    fail_argument("first", std::to_string(out.rows) + " atoms from " + std::to_string(first) + " on",
                  "atoms of the " + std::to_string(size()) + " there are");
  }
  for (std::int64_t i = 0; i < out.rows; ++i) convert_row(atoms_, first + i, out.row(i));
}

std::optional<std::int32_t> ConceptSpace::find(std::string_view name) const {
  const std::uint64_t hash = hash_of(name);
  const auto before = [&](std::int32_t atom, std::string_view wanted) {
    const std::string_view given = names_[static_cast<std::size_t>(atom)];
    const std::uint64_t given_hash = hash_of(given);
    return given_hash != hash ? given_hash < hash : given < wanted;
  };
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name, before);
  if (found == by_name_.end() || names_[static_cast<std::size_t>(*found)] != name) return std::nullopt;
  return *found;
}

std::int32_t ConceptSpace::at(std::string_view name) const {
  if (const auto found = find(name)) return *found;
  std::string offer;
  for (const std::string& near : nearest_names(names_, name, 3)) offer += (offer.empty() ? "" : ", ") + near;
  fail_argument("concept", "\"" + std::string(name) + "\"", "a name of the dictionary; nearest: " + offer);
}

void ConceptSpace::set_image_mean(std::vector<float> mean) {
  if (!mean.empty() && static_cast<std::int64_t>(mean.size()) != dim()) {
    fail_argument("image_mean", std::to_string(mean.size()) + " numbers", "the dictionary's dimension, " + std::to_string(dim()));
  }
  if (!std::all_of(mean.begin(), mean.end(), [](float value) { return std::isfinite(value); })) {
    fail_argument("image_mean", "a NaN or infinity", "finite numbers");
  }
  image_mean_ = std::move(mean);
}

const Dictionary& ConceptSpace::dictionary(const Context& context) const {
  const std::lock_guard lock(dictionaries_->mutex);
  for (const Dictionary& dictionary : dictionaries_->made) {
    if (dictionary.device() == context.device()) return dictionary;
  }
  return dictionaries_->made.emplace_back(Dictionary::view(context, atoms_, atoms_owner_));
}

void ConceptSpace::prepare(EmbeddingsView raw, MatrixView<float> out, const PrepareOptions& options) const {
  check_raw(raw, dim());
  check_matrix("out", out.data, out.rows, out.cols, out.ld);
  check_device("out", out.device, Device::cpu());
  if (out.rows != raw.rows || out.cols != raw.cols) {
    fail_argument("out", "shape [" + std::to_string(out.rows) + ", " + std::to_string(out.cols) + "]",
                  "the embeddings' shape [" + std::to_string(raw.rows) + ", " + std::to_string(raw.cols) + "]");
  }
  const std::span<const float> mean =
      options.center ? std::span<const float>(image_mean_) : std::span<const float>();
  for (std::int64_t i = 0; i < raw.rows; ++i) {
    std::vector<double> row = load_row(raw, i);
    if (options.normalize) prepare_row(row, mean);
    for (std::size_t k = 0; k < row.size(); ++k) out.row(i)[k] = static_cast<float>(row[k]);
  }
}

/// Rows are prepared, at most rows_at_once of them at a time, and handed to `solve` with a context that counts all of them.
void ConceptSpace::for_each_chunk(const Context& context, EmbeddingsView raw, const PrepareOptions& prepare_options,
                                  const ChunkSolver& solve) const {
  std::int64_t finished = 0;
  std::function<void(std::int64_t, std::int64_t)> progress;
  if (context.options().progress) {
    progress = [&](std::int64_t done, std::int64_t) { context.options().progress(finished + done, raw.rows); };
  }
  const Context chunk_context = context.with_callbacks(context.options().cancel, progress);
  std::vector<float> z(static_cast<std::size_t>(std::min(raw.rows, rows_at_once) * dim()));
  for (; finished < raw.rows; finished += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, raw.rows - finished);
    const MatrixView<float> view{z.data(), count, dim()};
    prepare(raw.slice(finished, count), view, prepare_options);
    solve(raw.rows <= rows_at_once ? context : chunk_context, finished, view);
  }
}

DecomposeResult ConceptSpace::decompose(const Context& context, EmbeddingsView raw, const DecomposeOptions& options,
                                        const PrepareOptions& prepare_options) const {
  check_raw(raw, dim());
  if (!prepare_options.normalize || raw.rows == 0) return splice_cuda::decompose(context, dictionary(context), raw, options);
  resolve_problem(context, dictionary(context), raw, options);  // every argument, before the first chunk is solved
  DecomposeResult result;
  for_each_chunk(context, raw, prepare_options, [&](const Context& chunk_context, std::int64_t first, MatrixView<const float> view) {
    DecomposeOptions chunk = options;
    SparseCodes start;
    if (options.warm_start != nullptr) {
      start = slice_rows(*options.warm_start, first, view.rows);
      chunk.warm_start = &start;
    }
    if (!options.l1_penalties.empty()) {
      chunk.l1_penalties = options.l1_penalties.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(view.rows));
    }
    DecomposeResult part = splice_cuda::decompose(chunk_context, dictionary(context), view, chunk);
    append_result(result, std::move(part), first == 0);
  });
  return result;
}

std::vector<DecomposeResult> ConceptSpace::decompose_path(const Context& context, EmbeddingsView raw,
                                                          std::span<const float> l1_penalties, const DecomposeOptions& options,
                                                          const PrepareOptions& prepare_options) const {
  check_raw(raw, dim());
  if (!prepare_options.normalize || raw.rows == 0) {
    return splice_cuda::decompose_path(context, dictionary(context), raw, l1_penalties, options);
  }
  resolve_path_problem(context, dictionary(context), raw, l1_penalties, options);
  std::vector<DecomposeResult> results(l1_penalties.size());
  for_each_chunk(context, raw, prepare_options, [&](const Context& chunk_context, std::int64_t first, MatrixView<const float> view) {
    std::vector<DecomposeResult> parts =
        splice_cuda::decompose_path(chunk_context, dictionary(context), view, l1_penalties, options);
    for (std::size_t i = 0; i < parts.size(); ++i) append_result(results[i], std::move(parts[i]), first == 0);
  });
  return results;
}

void ConceptSpace::recompose(const Context& context, const SparseCodes& codes, MatrixView<float> out) const {
  splice_cuda::recompose(context, dictionary(context), codes, out);
  for (std::int64_t i = 0; i < out.rows; ++i) {
    std::vector<double> row(out.row(i), out.row(i) + out.cols);
    normalize_row(row);  // an empty code stays zero
    for (std::size_t k = 0; k < image_mean_.size(); ++k) row[k] += static_cast<double>(image_mean_[k]);
    normalize_row(row);
    for (std::size_t k = 0; k < row.size(); ++k) out.row(i)[k] = static_cast<float>(row[k]);
  }
}

std::vector<float> ConceptSpace::cosine(const Context& context, EmbeddingsView raw, const SparseCodes& codes) const {
  check_raw(raw, dim());
  check_codes("codes", codes, raw.rows, size());
  std::vector<float> cosines(static_cast<std::size_t>(raw.rows), 0.0f);
  std::vector<float> back(static_cast<std::size_t>(std::min(raw.rows, rows_at_once) * dim()));
  for (std::int64_t first = 0; first < raw.rows; first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, raw.rows - first);
    recompose(context, slice_rows(codes, first, count), {back.data(), count, dim()});
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<double> row = load_row(raw, first + i);
      if (!normalize_row(row)) continue;
      double sum = 0;
      for (std::size_t k = 0; k < row.size(); ++k) {
        sum += row[k] * static_cast<double>(back[static_cast<std::size_t>(i * dim()) + k]);
      }
      cosines[static_cast<std::size_t>(first + i)] = static_cast<float>(sum);
    }
  }
  return cosines;
}

}  // namespace splice_cuda
