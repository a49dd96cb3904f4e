#pragma once

/// @file row_order.hpp
/// The order in which an epoch's rows are read: shuffled, but in pieces that lie together on disk.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "experiments/seeded_random.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

class RowOrder {
 public:
  RowOrder(std::int64_t count, std::uint64_t seed) : count_(count), random_(seed), pieces_(static_cast<std::size_t>((count + length() - 1) / length())) {
    std::iota(pieces_.begin(), pieces_.end(), std::int64_t{0});
  }

  void shuffle() {
    random_.shuffle(pieces_);
    next_ = 0;
  }

  /// Reads the next pieces into `out`, as many as it holds. @returns rows read; 0 at the epoch's end
  std::int64_t read(const RowReader& rows, MatrixView<float> out) {
    std::int64_t filled = 0;
    while (next_ < pieces_.size()) {
      const std::int64_t first = pieces_[next_] * length();
      const std::int64_t size = std::min(length(), count_ - first);
      if (filled + size > out.rows) break;
      rows(first, out.slice(filled, size));
      filled += size;
      ++next_;
    }
    return filled;
  }

  /// Rows of a piece: one by one where there are few.
  std::int64_t length() const noexcept { return count_ >= 65536 ? 64 : 1; }

 private:
  std::int64_t count_;
  SeededRandom random_;
  std::vector<std::int64_t> pieces_;
  std::size_t next_ = 0;
};

}  // namespace splice_cuda
