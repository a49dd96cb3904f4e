#pragma once

/// @file top_rows.hpp
/// The best rows of a stream: by a score, in memory of their number.

#include <algorithm>
#include <cstdint>
#include <vector>

namespace splice_cuda {

/// Keeps the `count` entries of highest score; ties: lower row. Entry: what else is known of a row.
template <class Entry>
class TopRows {
 public:
  struct Row {
    double score = 0;
    std::int64_t row = 0;
    Entry entry;
  };

  explicit TopRows(std::int64_t count) : count_(static_cast<std::size_t>(count)) {}

  /// Whether a row of this score would be kept: its entry need not be made otherwise.
  bool wants(double score, std::int64_t row) const {
    return count_ > 0 && (rows_.size() < count_ || before({score, row, {}}, rows_.front()));
  }
  /// A row that is wanted.
  void add(double score, std::int64_t row, Entry entry) {
    if (rows_.size() == count_) {
      std::pop_heap(rows_.begin(), rows_.end(), before);
      rows_.pop_back();
    }
    rows_.push_back({score, row, std::move(entry)});
    std::push_heap(rows_.begin(), rows_.end(), before);
  }
  /// Best first.
  std::vector<Row> sorted() const {
    std::vector<Row> rows = rows_;
    std::sort(rows.begin(), rows.end(), before);
    return rows;
  }

 private:
  /// A heap by this order has the worst row in front.
  static bool before(const Row& a, const Row& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

  std::size_t count_;
  std::vector<Row> rows_;
};

}  // namespace splice_cuda
