#pragma once

/// @file codes.hpp
/// Results: sparse codes (CSR) and one report a row.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace splice_cuda {

/// CSR matrix [rows, cols]: row i has the entries row_offsets[i] .. row_offsets[i+1] - 1 of atom_indices
/// (ascending within a row) and values (non-zero).
struct SparseCodes {
  std::int64_t rows = 0;
  std::int64_t cols = 0;                  ///< number of atoms p
  std::vector<std::int64_t> row_offsets;  ///< rows + 1 entries, first 0
  std::vector<std::int32_t> atom_indices;
  std::vector<float> values;

  std::int64_t nnz() const noexcept { return static_cast<std::int64_t>(values.size()); }
  std::int64_t l0(std::int64_t row) const { return row_offsets[row + 1] - row_offsets[row]; }
  std::span<const std::int32_t> row_atoms(std::int64_t row) const {
    return {atom_indices.data() + row_offsets[row], static_cast<std::size_t>(l0(row))};
  }
  std::span<const float> row_values(std::int64_t row) const {
    return {values.data() + row_offsets[row], static_cast<std::size_t>(l0(row))};
  }
};

enum class RowStatus : std::uint8_t {
  certified = 0,         ///< gap <= gap_tolerance * 1/2 |z|^2, proven
  budget_exhausted = 1,  ///< rounds, iterations or what fp64 can tell ran out first; the gap given is still a true bound
  non_finite_input = 2,  ///< NaN or infinity in the embedding; empty code, gap NaN
  zero_embedding = 3,    ///< |z| = 0; the empty code is optimal, gap 0
};

/// "certified", "budget_exhausted", "non_finite_input", "zero_embedding".
std::string_view to_string(RowStatus status) noexcept;

/// One row's certificate, in the half form P(w) = 1/2 |z - C'w|^2 + lambda a.|w|, lambda = l1_penalty / 2.
/// Computed in fp64 from the final codes, by code that no solver owns.
struct RowReport {
  double primal = 0;         ///< P(w)
  double dual = 0;           ///< D(theta) of a feasible theta: a lower bound of the optimum
  double gap = 0;            ///< primal - dual >= 0: an upper bound of P(w) - P(w*), over all atoms
  double kkt_violation = 0;  ///< upper bound of max_j |c_j.r / a_j - lambda| over the support, and of
                             ///< max_j (c_j.r / a_j - lambda)+ over all atoms
  std::int32_t rounds = 0;      ///< passes over the dictionary
  std::int32_t iterations = 0;  ///< pivots, sweeps or gradient steps
  RowStatus status = RowStatus::budget_exhausted;
  /// The penalty that the row was solved at, on the scale of DecomposeOptions::l1_penalty; exactly a float32. With a
  /// target, a row without a code at any penalty has an arbitrary one.
  double l1_penalty = 0;
};

struct DecomposeResult {
  SparseCodes codes;
  std::vector<RowReport> reports;  ///< one a row
};

}  // namespace splice_cuda
