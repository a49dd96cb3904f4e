#include "splice_cuda/pair_cosines.hpp"

#include <limits>

#include "experiments/directions.hpp"

namespace splice_cuda {
namespace {

std::vector<double> cosines(MatrixView<const float> first, MatrixView<const float> second, std::span<const float> mean) {
  const Directions a(first, mean);
  const Directions b(second, mean);
  std::vector<double> result(static_cast<std::size_t>(a.rows()), std::numeric_limits<double>::quiet_NaN());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    if (a.has(i) && b.has(i)) result[static_cast<std::size_t>(i)] = a.cosine(i, b, i);
  }
  return result;
}

}  // namespace

PairCosines pair_cosines(MatrixView<const float> first, MatrixView<const float> second, std::span<const float> mean) {
  check_rows("first", first, -1, first.cols);
  check_rows("second", second, first.rows, first.cols);
  check_mean("mean", mean, first.cols);
  PairCosines result;
  result.raw = cosines(first, second, {});
  if (!mean.empty()) result.centered = cosines(first, second, mean);
  return result;
}

}  // namespace splice_cuda
