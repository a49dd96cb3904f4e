#pragma once

/// @file code_statistics.hpp
/// Mean codes of groups of rows, with standard errors: classes and data sets explained by concepts (arXiv 2402.10376,
/// sections 4 and 5).

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/histograms.hpp"
#include "splice_cuda/moments.hpp"

namespace splice_cuda {

/// One concept in one group.
struct ConceptMean {
  std::int32_t atom = 0;
  std::int64_t rows = 0;      ///< with a weight other than 0
  double share = 0;           ///< of the group's rows
  double mean = 0;            ///< weight, over all rows of the group
  double standard_error = 0;  ///< of the mean; NaN in a group of one row
};

/// What is known of the rows of one group. Rows without an embedding (zeros, NaN, infinity) are counted, and have no part
/// in anything else.
class GroupStatistics {
 public:
  /// Rows with an embedding.
  std::int64_t rows() const noexcept { return l0_.count; }
  /// Rows of this status, those without an embedding too; rows whose status is not known count for none.
  std::int64_t count(RowStatus status) const { return by_status_[static_cast<std::size_t>(status)]; }
  /// Rows that have an embedding and an empty code.
  std::int64_t empty_codes() const noexcept { return empty_codes_; }
  const Moments& l0() const noexcept { return l0_; }
  /// Of the rows whose cosine is known.
  const Moments& cosine() const noexcept { return cosine_; }

  /// Weight over all rows of the group, those without the concept too.
  Moments weight(std::int32_t atom) const;
  ConceptMean concept_mean(std::int32_t atom) const;
  /// Concepts that some row has, ascending by atom.
  std::vector<ConceptMean> concepts() const;
  /// The `top` concepts of largest mean weight, falling; ties: lower atom first.
  std::vector<ConceptMean> largest(std::int64_t top) const;

  /// Bins of 1 from 0; the last one holds 128 and more.
  const FixedHistogram& l0_histogram() const noexcept { return l0_bins_; }
  /// Bins of 0.05 from -1 to 1.
  const FixedHistogram& cosine_histogram() const noexcept { return cosine_bins_; }
  /// log10 of the duality gap: bins of 1 from -17 (which holds 0, too) to 0. Rows whose gap is not known are left out.
  const FixedHistogram& gap_histogram() const noexcept { return gap_bins_; }

  /// Adds one row. `report` null, `cosine` NaN: not known.
  void add(std::span<const std::int32_t> atoms, std::span<const float> weights, const RowReport* report, float cosine);
  void merge(const GroupStatistics& other);

 private:
  std::array<std::int64_t, 4> by_status_{};
  std::int64_t empty_codes_ = 0;
  Moments l0_;
  Moments cosine_;
  std::unordered_map<std::int32_t, Moments> weights_;  ///< of the rows that have the concept
  FixedHistogram l0_bins_{0, 1, 129};
  FixedHistogram cosine_bins_{-1, 0.05, 40};
  FixedHistogram gap_bins_{-17, 1, 17};
};

/// Statistics of every group, in one walk over the codes. Memory: about 60 bytes for each concept that occurs in a group, and
/// 2 KB a group; nothing grows with the rows. Sums are fp64 and go by the order of the rows alone, not by how they are cut
/// into blocks.
class CodeStatistics {
 public:
  /// @throws ArgumentError for more than 200,000 groups
  explicit CodeStatistics(std::int64_t groups);
  static constexpr std::int64_t most_groups = 200000;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(groups_.size()); }
  const GroupStatistics& group(std::int64_t index) const { return groups_[static_cast<std::size_t>(index)]; }
  /// Rows that belong to no group.
  std::int64_t ungrouped() const noexcept { return ungrouped_; }

  /// Adds a block of rows.
  /// @param groups   of each row, in [0, size()); -1: none
  /// @param reports  one a row, or empty: not known
  /// @param cosine   one a row, or empty: not known
  /// @throws ArgumentError for other lengths, and groups that are not there
  void add(std::span<const std::int32_t> groups, const SparseCodes& codes, std::span<const RowReport> reports, std::span<const float> cosine);
  /// Adds what another walk found: counts exactly, means up to rounding. @throws ArgumentError for another number of groups
  void merge(const CodeStatistics& other);
  /// All groups as one.
  GroupStatistics together() const;

 private:
  std::vector<GroupStatistics> groups_;
  std::int64_t ungrouped_ = 0;
};

/// Cosine of two groups' mean codes; NaN where one of them has no concept.
double cosine_of_means(const GroupStatistics& a, const GroupStatistics& b);

}  // namespace splice_cuda
