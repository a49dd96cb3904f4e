#pragma once

/// @file exact_row.hpp
/// The path for rows that the fast one leaves: lists that overflow, supports beyond the working set's limit,
/// (nearly) dependent atoms, penalties so small that screening can't separate. fp64 throughout, all atoms in
/// every round: slow, without limits.

#include <cstdint>
#include <vector>

#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {

/// Atoms that a row's fp64 working set may have. An optimal support needs no more than d atoms; the rest is room for
/// atoms that come and go.
std::int64_t exact_set_limit(const CpuDictionary& dictionary);

/// Solves the row to the end, starting from its working set; writes its code. Uses at most `rounds` passes over
/// the dictionary and counts them in the row's report.
/// @param atom_norm  ProblemScales::atom_norm
void solve_exactly(const CpuDictionary& dictionary, const Problem& problem, float atom_norm, WorkingSetRow& row,
                   std::int32_t rounds);

}  // namespace splice_cuda::cpu
