#include "torch/code_entries.hpp"

namespace splice_cuda::op {

EntriesByAtom sort_by_atom(const CodeEntries& codes, std::int64_t atoms) {
  std::vector<std::int64_t> starts(static_cast<std::size_t>(atoms) + 1, 0);
  for (const std::int32_t atom : codes.atoms) ++starts[static_cast<std::size_t>(atom) + 1];
  EntriesByAtom sorted;
  sorted.offsets.push_back(0);
  for (std::size_t j = 0; j < static_cast<std::size_t>(atoms); ++j) {
    if (starts[j + 1] > 0) {
      sorted.used_atoms.push_back(static_cast<std::int32_t>(j));
      sorted.offsets.push_back(starts[j] + starts[j + 1]);
    }
    starts[j + 1] += starts[j];
  }
  sorted.entries.resize(codes.atoms.size());
  sorted.rows.resize(codes.atoms.size());
  for (std::int64_t row = 0; row < codes.rows(); ++row) {
    for (std::int64_t e = codes.row_offsets[static_cast<std::size_t>(row)];
         e < codes.row_offsets[static_cast<std::size_t>(row) + 1]; ++e) {
      const auto place = static_cast<std::size_t>(
          starts[static_cast<std::size_t>(codes.atoms[static_cast<std::size_t>(e)])]++);
      sorted.entries[place] = e;
      sorted.rows[place] = row;
    }
  }
  return sorted;
}

}  // namespace splice_cuda::op
