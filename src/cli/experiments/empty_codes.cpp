#include "cli/experiments/empty_codes.hpp"

#include <fmt/format.h>

#include <optional>

#include "cli/numbers_text.hpp"
#include "experiments/row_direction.hpp"
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
    if (has_direction(status)) rows_.add(raw.row(i), raw.cols);
  }
}

std::string EmptyCodesWatch::sentence(const ConceptSpace& space, const Context& context, const DecomposeOptions& options,
                                      const PrepareOptions& prepare) const {
  if (!all_empty_ || rows_.seen() == 0) return "";
  const std::string text = fmt::format("No concept in any of {}: ", counted(rows_.seen(), "code"));
  const std::optional<float> penalty = suggest_penalty(space, context, rows_.view(), options, prepare);
  if (!penalty) return text + "no penalty would give one, as no atom lies on their side.";
  return text + fmt::format("the penalty is too high. --l1-penalty {:.3g} would leave about 10 concepts a row.", *penalty);
}

}  // namespace splice_cuda::cli
