#pragma once

/// @file code_entries.hpp
/// A batch of sparse codes as the adapter computes with it: CSR on the host, values in fp64.

#include <cstdint>
#include <span>
#include <vector>

namespace splice_cuda::op {

struct CodeEntries {
  std::vector<std::int64_t> row_offsets;  ///< [rows + 1]
  std::vector<std::int32_t> atoms;        ///< [nnz]
  std::vector<double> values;             ///< [nnz]

  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(row_offsets.size()) - 1; }
  std::int64_t nnz() const noexcept { return static_cast<std::int64_t>(atoms.size()); }
  /// The part of an array [nnz] that is row i's.
  template <class T>
  std::span<T> of_row(std::span<T> array, std::int64_t row) const {
    const auto first = static_cast<std::size_t>(row_offsets[static_cast<std::size_t>(row)]);
    const auto end = static_cast<std::size_t>(row_offsets[static_cast<std::size_t>(row) + 1]);
    return array.subspan(first, end - first);
  }
};

/// The same entries by atom: where each atom's lie, ascending by row.
struct EntriesByAtom {
  std::vector<std::int32_t> used_atoms;  ///< atoms with entries, ascending
  std::vector<std::int64_t> offsets;     ///< [used atoms + 1], into `entries` and `rows`
  std::vector<std::int64_t> entries;     ///< [nnz] index into the CSR arrays
  std::vector<std::int64_t> rows;        ///< [nnz] row of that entry
};

EntriesByAtom sort_by_atom(const CodeEntries& codes, std::int64_t atoms);

}  // namespace splice_cuda::op
