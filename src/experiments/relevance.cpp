#include "splice_cuda/relevance.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/validate.hpp"
#include "experiments/directions.hpp"

namespace splice_cuda {
namespace {

/// The chosen rows alone, as unit vectors.
Directions chosen(const char* name, MatrixView<const float> rows, std::span<const std::int32_t> indices) {
  std::vector<float> values;
  std::int64_t count = 0;
  for (const std::int32_t index : indices) {
    if (index < 0 || index >= rows.rows) fail_argument(name, "row " + std::to_string(index), "0 to " + std::to_string(rows.rows - 1));
    values.insert(values.end(), rows.row(index), rows.row(index) + rows.cols);
    ++count;
  }
  return Directions({values.data(), count, rows.cols}, {});
}

/// Largest distance of a row of `from` to its nearest of `to`; below 0 where there is none.
double directed(const Directions& from, const Directions& to) {
  double largest = -1;
  for (std::int64_t i = 0; i < from.rows(); ++i) {
    if (!from.has(i)) continue;
    std::optional<double> nearest;
    for (std::int64_t j = 0; j < to.rows(); ++j) {
      if (!to.has(j)) continue;
      const double distance = std::max(0.0, 1 - from.cosine(i, to, j));
      if (!nearest || distance < *nearest) nearest = distance;
    }
    if (nearest) largest = std::max(largest, *nearest);
  }
  return largest;
}

}  // namespace

std::optional<double> hausdorff_distance(MatrixView<const float> rows, std::span<const std::int32_t> a, MatrixView<const float> others,
                                         std::span<const std::int32_t> b) {
  check_rows("rows", rows, -1, rows.cols);
  check_rows("others", others, -1, rows.cols);
  const Directions first = chosen("a", rows, a);
  const Directions second = chosen("b", others, b);
  const double there = directed(first, second);
  if (there < 0) return std::nullopt;
  return std::max(there, directed(second, first));
}

void uncentered_atoms(const ConceptSpace& space, std::span<const std::int32_t> atoms, MatrixView<float> out) {
  check_rows("out", out, static_cast<std::int64_t>(atoms.size()), space.dim());
  const std::vector<double> mean(space.text_mean().begin(), space.text_mean().end());
  const double rest = 1 - dot(mean, mean);
  if (!(rest > 0)) fail_argument("text_mean", "a length of " + number_text(std::sqrt(dot(mean, mean))), "less than 1: a mean of unit vectors");
  std::vector<double> atom(static_cast<std::size_t>(space.dim()));
  for (std::int64_t i = 0; i < out.rows; ++i) {
    const std::int32_t index = atoms[static_cast<std::size_t>(i)];
    if (index < 0 || index >= space.size()) fail_argument("atoms", std::to_string(index), "0 to " + std::to_string(space.size() - 1));
    space.read_atoms(index, out.slice(i, 1));
    // An atom without a direction, as a .npy of atoms may hold, stays what it is.
    if (mean.empty() || !direction({out.row(i), atom.size()}, {}, atom)) continue;
    const double along = dot(mean, atom);
    const double scale = -along + std::sqrt(along * along + rest);
    for (std::size_t k = 0; k < atom.size(); ++k) out.row(i)[k] = static_cast<float>(mean[k] + scale * atom[k]);
  }
}

}  // namespace splice_cuda
