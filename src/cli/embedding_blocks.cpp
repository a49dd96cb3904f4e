#include "cli/embedding_blocks.hpp"

#include <algorithm>
#include <new>
#include <vector>

#include "cli/signals.hpp"

namespace splice_cuda::cli {
namespace {

std::int64_t rows_per_block(const io::EmbeddingSource& source, const BlockLimits& limits) {
  const auto row_bytes = static_cast<std::int64_t>(sizeof(float)) * source.dim();
  const auto fitting = static_cast<std::int64_t>(limits.bytes) / std::max<std::int64_t>(row_bytes, 1);
  return std::clamp<std::int64_t>(fitting, 1, std::max<std::int64_t>(std::min(limits.rows, source.rows()), 1));
}

/// A buffer of `rows` rows, or of fewer where memory does not hold them.
std::vector<float> allocate_rows(std::int64_t& rows, std::int64_t dim) {
  for (;;) {
    try {
      return std::vector<float>(static_cast<std::size_t>(rows * dim));
    } catch (const std::bad_alloc&) {
      if (rows == 1) throw;
      rows = rows / 2;
    }
  }
}

}  // namespace

void for_each_block(const io::EmbeddingSource& source, const BlockLimits& limits, const BlockVisitor& visit) {
  if (source.rows() == 0) return;
  std::int64_t capacity = rows_per_block(source, limits);
  std::vector<float> buffer = allocate_rows(capacity, source.dim());
  for (std::int64_t first = 0; first < source.rows(); first += capacity) {
    signals::throw_if_stop_requested();
    const std::int64_t count = std::min(capacity, source.rows() - first);
    const MatrixView<float> block(buffer.data(), count, source.dim());
    source.read(first, block);
    visit(first, block);
  }
}

}  // namespace splice_cuda::cli
