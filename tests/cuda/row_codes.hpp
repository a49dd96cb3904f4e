#pragma once

/// @file row_codes.hpp
/// What a QueuedSolver leaves, as decompose gives it.

#include <algorithm>
#include <cstdint>

#include "splice_cuda/decompose.hpp"
#include "splice_cuda/queued_solver.hpp"

namespace splice_cuda::testing {

/// Rows with more entries than places keep the first ones.
/// @param codes  of `rows` rows, in memory of the host
inline DecomposeResult result_of(const RowCodes& codes, std::int64_t rows, std::int64_t atoms) {
  DecomposeResult out;
  out.codes.rows = rows;
  out.codes.cols = atoms;
  out.codes.row_offsets = {0};
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t kept = std::min<std::int64_t>(codes.counts[i], codes.stride);
    for (std::int64_t e = i * codes.stride; e < i * codes.stride + kept; ++e) {
      out.codes.atom_indices.push_back(codes.atoms[e]);
      out.codes.values.push_back(codes.values[e]);
    }
    out.codes.row_offsets.push_back(out.codes.nnz());
    out.reports.push_back(codes.reports[i]);
  }
  return out;
}

}  // namespace splice_cuda::testing
