#include "core/growing_result.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "core/huge_pages.hpp"

namespace splice_cuda {
namespace {

/// Rows to come may have somewhat more entries than those so far.
constexpr double allowance = 1.05;
/// Entries; far from what a vector can't count any more.
constexpr double most_guessed = 1e15;

/// Both arrays to memory for `count` entries, or neither where there is not so much: what is needed may still have room then.
bool try_to_move(SparseCodes& codes, std::size_t count) {
  try {
    std::vector<std::int32_t> atoms;
    std::vector<float> values;
    reserve_in_huge_pages(atoms, count);
    reserve_in_huge_pages(values, count);
    atoms.assign(codes.atom_indices.begin(), codes.atom_indices.end());
    values.assign(codes.values.begin(), codes.values.end());
    codes.atom_indices = std::move(atoms);
    codes.values = std::move(values);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

DecomposeResult start_result(std::int64_t rows, std::int64_t cols) {
  DecomposeResult result;
  result.codes.rows = rows;
  result.codes.cols = cols;
  reserve_in_huge_pages(result.codes.row_offsets, static_cast<std::size_t>(rows) + 1);
  result.codes.row_offsets.push_back(0);
  reserve_in_huge_pages(result.reports, static_cast<std::size_t>(rows));
  return result;
}

void reserve_entries(SparseCodes& codes, std::int64_t entries, std::int64_t rows) {
  const auto needed = static_cast<std::size_t>(entries);
  const std::size_t held = std::min(codes.atom_indices.capacity(), codes.values.capacity());
  if (needed <= held) return;
  if (rows < codes.rows) {
    const double likely = std::min(allowance * static_cast<double>(entries) / static_cast<double>(rows),
                                   static_cast<double>(codes.cols)) * static_cast<double>(codes.rows);
    const std::size_t grown = std::max(needed, held + held / 2);
    const std::size_t guess = static_cast<std::size_t>(std::min(likely, most_guessed));
    if (guess > grown && try_to_move(codes, guess)) return;
    if (try_to_move(codes, grown)) return;
  }
  reserve_in_huge_pages(codes.atom_indices, needed);
  reserve_in_huge_pages(codes.values, needed);
}

}  // namespace splice_cuda
