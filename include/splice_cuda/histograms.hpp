#pragma once

/// @file histograms.hpp
/// Counts in bins of equal width, without the values: over a fixed range, or over one that grows with them.

#include <cstdint>
#include <vector>

namespace splice_cuda {

/// Bins [low + i w, low + (i + 1) w), i < bins; values below and above the range count in the first and the last one.
class FixedHistogram {
 public:
  FixedHistogram(double low, double width, std::int64_t bins) : low_(low), width_(width), counts_(static_cast<std::size_t>(bins), 0) {}

  std::int64_t bins() const noexcept { return static_cast<std::int64_t>(counts_.size()); }
  std::int64_t count(std::int64_t bin) const { return counts_[static_cast<std::size_t>(bin)]; }
  /// Lower edge of a bin; edge(bins()) is the upper one of the last.
  double edge(std::int64_t bin) const noexcept { return low_ + static_cast<double>(bin) * width_; }
  /// A NaN is not counted.
  void add(double value) noexcept;
  /// Adds the counts of a histogram of the same bins.
  void merge(const FixedHistogram& other) noexcept;

 private:
  double low_;
  double width_;
  std::vector<std::int64_t> counts_;
};

/// Histogram of numbers >= 0 whose largest is not known beforehand. The range starts at 2^-20 and doubles, two bins becoming
/// one, until it holds them: counts are exact, and depend neither on the order of the values nor on how they are split.
/// Memory: 10 bytes, and as much again in reserve, for each of 2,048 fine bins that holds a value.
class GrowingHistogram {
 public:
  /// Negative values count as 0; NaN and infinity are not counted.
  void add(double value);
  void merge(const GrowingHistogram& other);
  std::int64_t total() const noexcept { return total_; }
  double largest() const noexcept { return largest_; }

  struct Bins {
    double width = 0;  ///< bin i is [i w, (i + 1) w)
    std::vector<std::int64_t> counts;
  };
  /// `bins` bins that end just above `largest` (at least this histogram's own): the least width that is a whole number of fine
  /// bins. 1 <= bins <= 1,024. Histograms of one `largest` have one width.
  Bins coarse(std::int64_t bins, double largest) const;

 private:
  void grow();
  void grow_to_hold(double value);
  void count(std::uint16_t bin, std::int64_t values);

  int exponent_ = -20;  ///< the range is [0, 2^exponent_)
  std::int64_t total_ = 0;
  double largest_ = 0;
  std::vector<std::uint16_t> bins_;   ///< fine bins that hold a value, ascending
  std::vector<std::int64_t> counts_;  ///< of each of them
};

}  // namespace splice_cuda
