#include "cli/experiments/empty_codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/numbers_text.hpp"
#include "splice_cuda/suggest_penalty.hpp"

namespace splice_cuda::cli {

void EmptyCodesWatch::add(MatrixView<const float> raw, const DecomposeResult& result) {
  if (!all_empty_) return;
  if (result.codes.nnz() > 0) {
    all_empty_ = false;
    rows_ = {};
    return;
  }
  for (std::int64_t i = 0; i < raw.rows; ++i) {
    const RowStatus status = result.reports[static_cast<std::size_t>(i)].status;
    if (status == RowStatus::certified || status == RowStatus::budget_exhausted) keep(raw.row(i), raw.cols);
  }
}

void EmptyCodesWatch::keep(const float* row, std::int64_t dim) {
  dim_ = dim;
  if (seen_++ % stride_ != 0) return;
  rows_.insert(rows_.end(), row, row + dim);
  if (static_cast<std::int64_t>(rows_.size()) < 2 * suggestion_rows * dim) return;
  // Every other one goes, and from now on only every other one comes.
  stride_ *= 2;
  for (std::int64_t i = 1; i < suggestion_rows; ++i) {
    std::copy_n(rows_.begin() + 2 * i * dim, dim, rows_.begin() + i * dim);
  }
  rows_.resize(static_cast<std::size_t>(suggestion_rows * dim));
}

std::string EmptyCodesWatch::sentence(const ConceptSpace& space, const Context& context, const DecomposeOptions& options,
                                      const PrepareOptions& prepare) const {
  if (!all_empty_ || rows_.empty()) return "";
  const MatrixView<const float> sample(rows_.data(), static_cast<std::int64_t>(rows_.size()) / dim_, dim_);
  const std::string text = fmt::format("No concept in any of {}: ", counted(seen_, "code"));
  const std::optional<float> penalty = suggest_penalty(space, context, sample, options, prepare);
  if (!penalty) return text + "no penalty would give one, as no atom lies on their side.";
  return text + fmt::format("the penalty is too high. --l1-penalty {:.3g} would leave about 10 concepts a row.", *penalty);
}

}  // namespace splice_cuda::cli
