#include "core/growing_result.hpp"

#include <algorithm>
#include <cstddef>
#include <new>

#include "core/huge_pages.hpp"

namespace splice_cuda {
namespace {

/// Rows to come may have somewhat more entries than those so far.
constexpr double allowance = 1.05;
/// Entries; far from what a vector can't count any more.
constexpr double most_guessed = 1e15;

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
  const auto all_rows = static_cast<double>(codes.rows);
  const double likely = std::min(allowance * static_cast<double>(entries) / static_cast<double>(rows),
                                 static_cast<double>(codes.cols)) * all_rows;
  const std::size_t wanted = std::max({needed, held + held / 2, static_cast<std::size_t>(std::min(likely, most_guessed))});
  try {
    reserve_in_huge_pages(codes.atom_indices, wanted);
    reserve_in_huge_pages(codes.values, wanted);
  } catch (const std::bad_alloc&) {  // the rows to come may need less than that
    reserve_in_huge_pages(codes.atom_indices, needed);
    reserve_in_huge_pages(codes.values, needed);
  }
}

}  // namespace splice_cuda
