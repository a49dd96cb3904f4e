#pragma once

/// @file embedding_blocks.hpp
/// Walks over embeddings on disk in blocks that fit in memory.

#include <cstddef>
#include <cstdint>
#include <functional>

#include "io/embedding_source.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cli {

struct BlockLimits {
  std::size_t bytes = std::size_t{64} << 20;        ///< of one block as float32
  std::int64_t rows = std::int64_t{1} << 20;  ///< most rows of one block
};

/// Called with the index of the block's first row and the rows [count, d].
using BlockVisitor = std::function<void(std::int64_t, MatrixView<const float>)>;

/// Visits all rows in order. Blocks shrink where memory is short; a Ctrl-C ends the walk between two blocks.
/// @throws FileError, CancelledError, std::bad_alloc when not even one row fits
void for_each_block(const io::EmbeddingSource& source, const BlockLimits& limits, const BlockVisitor& visit);

}  // namespace splice_cuda::cli
