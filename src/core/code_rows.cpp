#include "core/code_rows.hpp"

namespace splice_cuda {

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

}  // namespace splice_cuda
