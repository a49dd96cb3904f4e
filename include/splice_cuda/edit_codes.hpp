#pragma once

/// @file edit_codes.hpp
/// Interventions on codes (arXiv 2402.10376, section 5): concepts removed, scaled or forced.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "splice_cuda/codes.hpp"

namespace splice_cuda {

/// What is done to some atoms of every code; the others keep their weights.
class CodeEdit {
 public:
  /// @param atoms  columns of the codes
  explicit CodeEdit(std::int64_t atoms);

  /// Weight 0.
  void remove(std::int32_t atom) { scale(atom, 0); }
  /// Weight times factor, which is >= 0 and finite.
  void scale(std::int32_t atom, float factor);
  /// Weight set to this in every row, also where the atom was not used; >= 0 and finite.
  void force(std::int32_t atom, float weight);
  // @throws ArgumentError for an atom that is not there or has an edit already, and for numbers out of range

  std::int64_t atoms() const noexcept { return static_cast<std::int64_t>(of_atom_.size()); }
  bool empty() const noexcept { return edited_.empty(); }
  /// Atoms that no edited code has: what DecomposeOptions::banned_atoms takes to solve without them. Ascending.
  std::vector<std::int32_t> removed() const;
  /// Whether all edits are removals.
  bool only_removes() const noexcept;

  /// New codes: atoms ascending, no zeros.
  /// @param reports  of the rows, or empty: rows without an embedding (zero or not finite) get nothing forced into their empty codes
  /// @throws ArgumentError for codes of another number of columns, or reports of another number of rows
  SparseCodes apply(const SparseCodes& codes, std::span<const RowReport> reports = {}) const;

 private:
  struct Change {
    bool edited = false;
    bool forced = false;
    float number = 1;  ///< factor, or weight where forced
  };

  Change& unedited(std::int32_t atom);
  void append_row(SparseCodes& out, std::span<const std::int32_t> atoms, std::span<const float> values, bool force) const;

  std::vector<Change> of_atom_;
  std::vector<std::int32_t> edited_;
  std::vector<std::int32_t> forced_;  ///< with a weight above 0, ascending
};

}  // namespace splice_cuda
