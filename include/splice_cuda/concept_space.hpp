#pragma once

/// @file concept_space.hpp
/// A dictionary whose atoms have names, with the means and the provenance that belong to it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/decompose.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// What `ConceptSpace::build` left out, by line (from 0) of the concept list, in ascending order.
struct DroppedConcepts {
  std::vector<std::int64_t> empty_name;       ///< no text on the line
  std::vector<std::int64_t> duplicate_name;   ///< the name stood on an earlier line
  std::vector<std::int64_t> zero_embedding;   ///< |t| = 0, or |t - mean| = 0 after centring
  std::vector<std::int64_t> non_finite;       ///< NaN or infinity in the row
  std::vector<std::int64_t> duplicate_vector; ///< the atom equals an earlier one, bit by bit
};

struct BuildOptions {
  /// Subtract the vocabulary's mean of unit vectors and normalise again (the paper's way).
  bool center = true;
  /// Keep only the last k lines (the most frequent ones of the shipped vocabularies); 0 = all.
  std::int64_t last = 0;
  /// What atoms are rounded to, once, when they are made; from then on the rounded numbers are the atoms, used exactly.
  /// Each number moves by at most 2^-11 (float16) or 2^-8 (bfloat16) of itself, and so an atom's length and direction.
  DType dtype = DType::float32;
};

/// Writes rows [first, first + out.rows) of a matrix that need not lie in memory.
using RowReader = std::function<void(std::int64_t first, MatrixView<float> out)>;

/// Preparation of raw embeddings before `decompose`: z = normalise(normalise(e) - image_mean).
struct PrepareOptions {
  /// false: rows are used exactly as given.
  bool normalize = true;
  /// Subtract the image mean. Ignored where the space has none.
  bool center = true;
};

/// Atoms, names, image mean and text mean. Immutable, apart from `set_image_mean`.
class ConceptSpace {
 public:
  /// Raw text embeddings [p, d] and one name a row (UTF-8) -> unit atoms: normalise, subtract their mean,
  /// normalise (arXiv 2402.10376, section 4). Rows without a name of their own or a direction have no part in the mean;
  /// rows that turn out equal to the mean or to each other have.
  /// @throws ArgumentError when names and rows differ in number, or nothing is left.
  /// @throws OutOfMemoryError for the atoms, the only thing that grows with p beside the names
  static ConceptSpace build(TypedMatrixView text_embeddings, const std::vector<std::string>& names,
                            const BuildOptions& options = {}, DroppedConcepts* dropped = nullptr);
  /// The same, of rows of length `dim` that are read in blocks, each twice.
  static ConceptSpace build(const RowReader& text_embeddings, std::int64_t dim, const std::vector<std::string>& names,
                            const BuildOptions& options = {}, DroppedConcepts* dropped = nullptr);

  /// Atoms used exactly as given, copied in their own type; names may be empty (then "atom 0", "atom 1", ...).
  static ConceptSpace from_atoms(TypedMatrixView atoms, std::vector<std::string> names = {});

  /// Reads a .safetensors dictionary of ours, or a plain .npy of atoms. Atoms in float32, float16 or bfloat16 stay in the
  /// file: it is mapped as long as this space, a copy of it, or a Dictionary made of it lives. (float64 is rounded to
  /// float32 in memory.) Replacing the file by another is safe, as `save` does it; writing into it or making it shorter
  /// meanwhile is not: atoms would change under the solver, or the process would end with SIGBUS.
  /// @throws FileError
  static ConceptSpace load(const std::filesystem::path& path);
  /// Writes .safetensors: atoms, text_mean, image_mean; names and provenance as metadata. Whole or not at
  /// all.
  void save(const std::filesystem::path& path) const;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(names_.size()); }
  std::int64_t dim() const noexcept { return atoms_.cols; }
  /// Unit atoms [p, d] in the type they are stored in. Lives as long as the space or a copy of it.
  TypedMatrixView atoms() const noexcept { return atoms_; }
  /// Atoms [first, first + out.rows) as float32, without error. @throws ArgumentError for rows that are not there
  void read_atoms(std::int64_t first, MatrixView<float> out) const;
  const std::string& name(std::int64_t atom) const { return names_[static_cast<std::size_t>(atom)]; }
  const std::vector<std::string>& names() const noexcept { return names_; }
  /// Index of the concept of this name; nothing if there is none.
  std::optional<std::int32_t> find(std::string_view name) const;
  /// The same, or an ArgumentError that offers the nearest names.
  std::int32_t at(std::string_view name) const;

  const std::vector<float>& text_mean() const noexcept { return text_mean_; }
  /// Mean of unit image embeddings, not renormalised; empty if not known.
  const std::vector<float>& image_mean() const noexcept { return image_mean_; }
  /// @throws ArgumentError unless empty or of length dim() and finite.
  void set_image_mean(std::vector<float> mean);
  /// Free text: "model", "vocabulary", "vocabulary_sha256", ... Kept in the file.
  std::map<std::string, std::string>& provenance() noexcept { return provenance_; }
  const std::map<std::string, std::string>& provenance() const noexcept { return provenance_; }

  /// The dictionary on a context's device; made at the first call and kept, for this space and its copies. May be
  /// called from several threads at once.
  const Dictionary& dictionary(const Context& context) const;

  /// normalise -> centre -> normalise into `out` [n, d] float32. Zero and non-finite rows pass unchanged:
  /// `decompose` reports them.
  void prepare(EmbeddingsView raw, MatrixView<float> out, const PrepareOptions& options = {}) const;

  /// prepare, then decompose, within the context's memory limit and, beside it, prepared copies of at most 8,192
  /// rows. `raw` is in host memory, here and below.
  DecomposeResult decompose(const Context& context, EmbeddingsView raw,
                            const DecomposeOptions& options = {},
                            const PrepareOptions& prepare = {}) const;

  /// The same for decompose_path: one result a penalty.
  std::vector<DecomposeResult> decompose_path(const Context& context, EmbeddingsView raw,
                                              std::span<const float> l1_penalties, const DecomposeOptions& options = {},
                                              const PrepareOptions& prepare = {}) const;

  /// normalise(normalise(C'w) + image_mean); an empty code gives normalise(image_mean), zero where there is
  /// no mean. [n, d]
  void recompose(const Context& context, const SparseCodes& codes, MatrixView<float> out) const;

  /// Cosine of each row with its recomposition; 0 for zero and non-finite rows. [n]
  std::vector<float> cosine(const Context& context, EmbeddingsView raw, const SparseCodes& codes) const;

 private:
  struct Dictionaries;

  ConceptSpace(TypedMatrixView atoms, std::shared_ptr<const void> owner, std::vector<std::string> names);
  using ChunkSolver = std::function<void(const Context&, std::int64_t, MatrixView<const float>)>;

  void for_each_chunk(const Context& context, EmbeddingsView raw, const PrepareOptions& prepare,
                      const ChunkSolver& solve) const;

  TypedMatrixView atoms_;                      ///< contiguous
  std::shared_ptr<const void> atoms_owner_;    ///< memory or a mapped file
  std::vector<std::string> names_;
  std::vector<std::int32_t> by_name_;          ///< atoms in the order of their names' hashes
  std::vector<float> text_mean_;
  std::vector<float> image_mean_;
  std::map<std::string, std::string> provenance_;
  std::shared_ptr<Dictionaries> dictionaries_;  ///< one a device; atoms never change, so copies share both
};

}  // namespace splice_cuda
