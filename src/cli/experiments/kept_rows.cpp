#include "cli/experiments/kept_rows.hpp"

#include <algorithm>
#include <cmath>

#include "cli/experiments/walked_rows.hpp"
#include "cli/signals.hpp"
#include "core/available_memory.hpp"
#include "core/code_rows.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t kept_rows_at_once = 4096;

/// Appends a row, of length 1 where `unit` says so and it has a direction.
void append(std::vector<float>& rows, std::span<const float> row, bool unit) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  const double scale = unit && squares > 0 && std::isfinite(squares) ? 1 / std::sqrt(squares) : 1;
  for (const float value : row) rows.push_back(static_cast<float>(value * scale));
}

}  // namespace

KeptRows::KeptRows(const ConceptSpace& space, bool dense, bool raw)
    : dim_(space.dim()), keep_dense_(dense), raw_(raw), codes_{0, space.size(), {0}, {}, {}} {}

void KeptRows::add(std::span<const std::int64_t> records, MatrixView<const float> raw, const SparseCodes& codes) {
  const std::size_t entries = static_cast<std::size_t>(codes.nnz()) * 8 + (keep_dense_ ? static_cast<std::size_t>(raw.rows * raw.cols) * sizeof(float) : 0);
  require_memory(entries, available_memory(), "rows that are kept");
  records_.insert(records_.end(), records.begin(), records.end());
  append_rows(codes_, codes);
  for (std::int64_t i = 0; i < raw.rows; ++i) {
    const std::span<const float> row = row_of(raw, i);
    has_direction_.push_back(cli::has_direction(row));
    if (keep_dense_) append(dense_, row, !raw_);
  }
}

std::vector<std::int64_t> KeptRows::frequency() const {
  std::vector<std::int64_t> uses(static_cast<std::size_t>(codes_.cols), 0);
  for (const std::int32_t atom : codes_.atom_indices) ++uses[static_cast<std::size_t>(atom)];
  return uses;
}

void KeptRows::for_each(const std::vector<RowUse>& uses, RowUse use, const std::function<void(std::int64_t, std::int64_t)>& visit) const {
  for (std::int64_t row = 0; row < rows(); ++row) {
    const std::int64_t record = records_[static_cast<std::size_t>(row)];
    if (has_direction(row) && uses[static_cast<std::size_t>(record)] == use) visit(row, record);
  }
}

LinearProbe train_probe(const std::string& option, const KeptRows& kept, ProbeInput input, const RowGroups& labels, const std::vector<RowUse>& uses,
                        const ProbeOptions& options, const SparseCodes* codes) {
  const SparseCodes& used = codes == nullptr ? kept.codes() : *codes;
  ProbeRows rows(input == ProbeInput::codes ? used.cols : kept.dense().cols);
  kept.for_each(uses, RowUse::train, [&](std::int64_t row, std::int64_t record) {
    const std::int32_t label = labels.of_row[static_cast<std::size_t>(record)];
    if (input == ProbeInput::codes) rows.add(label, used.row_atoms(row), used.row_values(row));
    else rows.add(label, row_of(kept.dense(), row));
  });
  signals::throw_if_stop_requested();
  try {
    return LinearProbe::train(rows, labels.size(), options);
  } catch (const ArgumentError& error) {
    throw ArgumentError(option + ": " + error.what());
  }
}

void for_each_code_block(const SparseCodes& codes, const std::function<void(std::int64_t, const SparseCodes&)>& visit) {
  for (std::int64_t first = 0; first < codes.rows; first += kept_rows_at_once) {
    signals::throw_if_stop_requested();
    visit(first, slice_rows(codes, first, std::min(kept_rows_at_once, codes.rows - first)));
  }
}

}  // namespace splice_cuda::cli
