#include "concepts/near_concepts.hpp"

#include <algorithm>

#include <Eigen/Core>

#include "core/parallel.hpp"

namespace splice_cuda {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRows = Eigen::Map<const RowMatrix>;
constexpr std::int64_t tile = 1024;
// Far above what float32 products of unit vectors of up to 65,536 numbers are off by.
constexpr double rounding = 1e-4;

}  // namespace

double unit_cosine(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return sum;
}

std::vector<std::optional<NearConcept>> NearConcepts::first_near(const Context& context, MatrixView<const float> block,
                                                                 std::int64_t from) const {
  std::vector<std::optional<NearConcept>> found(static_cast<std::size_t>(block.rows));
  if (max_cosine_ >= 1 || from >= size() || block.rows == 0) return found;
  const int workers = static_cast<int>(std::clamp<std::int64_t>(context.options().threads, 1, block.rows));
  const std::int64_t share = (block.rows + workers - 1) / workers;
  const auto least = static_cast<float>(max_cosine_ - rounding);
  // Each worker has rows of the block of its own, so that the first hit of a row is found in order.
  run_workers(workers, [&](int worker) {
    const std::int64_t first_row = worker * share;
    const std::int64_t rows = std::min(share, block.rows - first_row);
    if (rows <= 0) return;
    const ConstRows own(block.row(first_row), rows, dim_);
    RowMatrix cosines;
    for (std::int64_t first = from; first < size(); first += tile) {
      const std::int64_t count = std::min(tile, size() - first);
      cosines.noalias() = own * ConstRows(row(first).data(), count, dim_).transpose();
      for (std::int64_t i = 0; i < rows; ++i) {
        std::optional<NearConcept>& mine = found[static_cast<std::size_t>(first_row + i)];
        for (std::int64_t k = 0; !mine && k < count; ++k) {
          if (!(cosines(i, k) > least)) continue;
          const double cosine = unit_cosine({block.row(first_row + i), static_cast<std::size_t>(dim_)}, row(first + k));
          if (cosine > max_cosine_) mine = NearConcept{first + k, cosine};
        }
      }
    }
  });
  return found;
}

}  // namespace splice_cuda
