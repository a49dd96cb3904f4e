#include "cli/code_rows.hpp"

#include <algorithm>
#include <cmath>

namespace splice_cuda::cli {

SparseCodes slice_rows(const SparseCodes& codes, std::int64_t first, std::int64_t count) {
  const auto from = codes.row_offsets.begin() + first;
  const std::int64_t begin = from[0];
  const std::int64_t end = from[count];
  SparseCodes part;
  part.rows = count;
  part.cols = codes.cols;
  part.row_offsets.assign(from, from + count + 1);
  for (std::int64_t& offset : part.row_offsets) offset -= begin;
  part.atom_indices.assign(codes.atom_indices.begin() + begin, codes.atom_indices.begin() + end);
  part.values.assign(codes.values.begin() + begin, codes.values.begin() + end);
  return part;
}

void append_rows(SparseCodes& codes, const SparseCodes& block) {
  if (codes.row_offsets.empty()) codes.row_offsets.push_back(0);
  const std::int64_t before = codes.nnz();
  codes.rows += block.rows;
  codes.cols = block.cols;
  for (std::int64_t row = 0; row < block.rows; ++row) {
    codes.row_offsets.push_back(before + block.row_offsets[static_cast<std::size_t>(row + 1)]);
  }
  codes.atom_indices.insert(codes.atom_indices.end(), block.atom_indices.begin(), block.atom_indices.end());
  codes.values.insert(codes.values.end(), block.values.begin(), block.values.end());
}

std::vector<CodeEntry> sorted_entries(const SparseCodes& codes, std::int64_t row) {
  std::vector<CodeEntry> entries;
  const auto atoms = codes.row_atoms(row);
  const auto values = codes.row_values(row);
  for (std::size_t i = 0; i < atoms.size(); ++i) entries.push_back({atoms[i], values[i]});
  std::stable_sort(entries.begin(), entries.end(), [](const CodeEntry& a, const CodeEntry& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  return entries;
}

}  // namespace splice_cuda::cli
