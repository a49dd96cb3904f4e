#include "cli/experiments/walked_rows.hpp"

#include <cmath>
#include <limits>

#include "splice_cuda/recompose.hpp"

namespace splice_cuda::cli {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<double>(a[k]) * b[k];
  return sum;
}

}  // namespace

bool has_direction(std::span<const float> row) {
  const double square = dot(row, row);
  return square > 0 && std::isfinite(square);
}

MatrixView<const float> Recomposer::rows(const Context& context, const SparseCodes& codes) {
  buffer_.resize(static_cast<std::size_t>(codes.rows * space_.dim()));
  const MatrixView<float> out(buffer_.data(), codes.rows, space_.dim());
  if (raw_) recompose(context, space_.dictionary(context), codes, out);
  else space_.recompose(context, codes, out);
  return out;
}

void CodeQuality::add(MatrixView<const float> raw, const SparseCodes& codes, MatrixView<const float> recomposed) {
  for (std::int64_t i = 0; i < raw.rows; ++i) {
    const std::span<const float> row = row_of(raw, i);
    if (!has_direction(row)) {
      ++without_direction_;
      continue;
    }
    const std::span<const float> other = row_of(recomposed, i);
    ++rows_;
    entries_ += codes.l0(i);
    if (has_direction(other)) cosines_ += dot(row, other) / std::sqrt(dot(row, row) * dot(other, other));
  }
}

double CodeQuality::mean_l0() const { return rows_ == 0 ? not_known : static_cast<double>(entries_) / static_cast<double>(rows_); }
double CodeQuality::mean_cosine() const { return rows_ == 0 ? not_known : cosines_ / static_cast<double>(rows_); }

ResultTable quality_table(const std::vector<std::pair<std::string, const CodeQuality*>>& conditions) {
  ResultTable table{"codes", "Codes", "Concepts a row, and the cosine of the recomposed embedding with the dense one; means over rows.",
                    {{"condition", "condition"}, {"rows", "rows", ColumnKind::integer}, {"l0", "concepts a row", ColumnKind::number, 1},
                     {"cosine", "cosine", ColumnKind::number, 3}}, {}};
  for (const auto& [name, quality] : conditions) table.add({name, quality->rows(), quality->mean_l0(), quality->mean_cosine()});
  return table;
}

ResultTable row_count_table(const std::vector<std::pair<std::string, std::int64_t>>& lines) {
  ResultTable table{"rows", "Rows", "", {{"what", "what"}, {"rows", "rows", ColumnKind::integer}}, {}};
  for (const auto& [what, count] : lines) {
    if (count > 0 || table.rows.empty()) table.add({what, count});
  }
  return table;
}

}  // namespace splice_cuda::cli
