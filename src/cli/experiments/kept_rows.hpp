#pragma once

/// @file kept_rows.hpp
/// Rows of a walk that have to be held: a probe sees them many times, and a control is chosen when all were seen.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/probe.hpp"
#include "splice_cuda/row_split.hpp"

namespace splice_cuda::cli {

/// Codes take 8 bytes an entry, dense rows 4 bytes a number.
class KeptRows {
 public:
  /// @param dense  keep embeddings as well, scaled to length 1 unless raw
  KeptRows(const ConceptSpace& space, bool dense, bool raw);

  void add(std::span<const std::int64_t> records, MatrixView<const float> raw, const SparseCodes& codes);

  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(records_.size()); }
  const std::vector<std::int64_t>& records() const noexcept { return records_; }
  const SparseCodes& codes() const noexcept { return codes_; }
  bool has_direction(std::int64_t row) const { return has_direction_[static_cast<std::size_t>(row)]; }
  MatrixView<const float> dense() const noexcept { return {dense_.data(), dense_.empty() ? 0 : rows(), dim_}; }
  /// Rows that use each atom. [p]
  std::vector<std::int64_t> frequency() const;

  /// The rows of these uses, in order, with their index. Rows without direction are left out.
  void for_each(const std::vector<RowUse>& uses, RowUse use, const std::function<void(std::int64_t row, std::int64_t record)>& visit) const;

 private:
  std::int64_t dim_;
  bool keep_dense_;
  bool raw_;
  std::vector<std::int64_t> records_;
  std::vector<bool> has_direction_;
  SparseCodes codes_;
  std::vector<float> dense_;
};

/// What a probe learns from and is asked about.
enum class ProbeInput : std::uint8_t { codes, dense };

/// Trains on the rows to be learnt from. @param codes  in place of those that were kept (edited ones), or nullptr
/// @param option  that named the labels
/// @throws ArgumentError, which names it, where rows without direction leave fewer than two classes
LinearProbe train_probe(const std::string& option, const KeptRows& kept, ProbeInput input, const RowGroups& labels, const std::vector<RowUse>& uses,
                        const ProbeOptions& options, const SparseCodes* codes = nullptr);

/// Visits rows [first, first + count) of codes block by block, small enough to recompose.
void for_each_code_block(const SparseCodes& codes, const std::function<void(std::int64_t first, const SparseCodes& block)>& visit);

}  // namespace splice_cuda::cli
