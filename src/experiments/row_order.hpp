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
    taken_ = 0;
  }

  /// Fills `out` with the next rows; a piece that does not fit goes on with the next call. @returns rows read, fewer than `out` has only
  /// at the epoch's end; 0 after it
  std::int64_t read(const RowReader& rows, MatrixView<float> out) {
    std::int64_t filled = 0;
    while (next_ < pieces_.size() && filled < out.rows) {
      const std::int64_t first = pieces_[next_] * length();
      const std::int64_t size = std::min(length(), count_ - first);
      const std::int64_t part = std::min(size - taken_, out.rows - filled);
      rows(first + taken_, out.slice(filled, part));
      filled += part;
      taken_ += part;
      if (taken_ < size) continue;
      ++next_;
      taken_ = 0;
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
  std::int64_t taken_ = 0;  ///< rows of that piece that were read
};

}  // namespace splice_cuda
