#include "core/host_results.hpp"

#include <vector>

#include "core/growing_result.hpp"

namespace splice_cuda {

void HostResults::accept(const RowResult& result) {
  const std::vector<std::int64_t> offsets = {0, static_cast<std::int64_t>(result.atoms.size())};
  accept_batch({result.row, offsets, result.atoms, result.values, {&result.report, 1}});
}

void HostResults::accept_batch(const RowBatch& batch) {
  SparseCodes& codes = result_.codes;
  const std::int64_t before = codes.nnz();
  const auto rows = static_cast<std::int64_t>(batch.reports.size());
  reserve_entries(codes, before + static_cast<std::int64_t>(batch.atoms.size()), accepted() + rows);
  for (const std::int64_t end : batch.offsets.subspan(1)) codes.row_offsets.push_back(before + end);
  codes.atom_indices.insert(codes.atom_indices.end(), batch.atoms.begin(), batch.atoms.end());
  codes.values.insert(codes.values.end(), batch.values.begin(), batch.values.end());
  result_.reports.insert(result_.reports.end(), batch.reports.begin(), batch.reports.end());
}

}  // namespace splice_cuda
