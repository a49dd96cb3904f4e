#pragma once

/// @file group_weights.hpp
/// The weight that groups of concepts have in codes, and how it is distributed: the scan for spurious correlations of
/// arXiv 2402.10376, section 5.

#include <cstdint>
#include <span>
#include <vector>

#include "splice_cuda/concept_groups.hpp"
#include "splice_cuda/histograms.hpp"
#include "splice_cuda/moments.hpp"

namespace splice_cuda {

/// Sums the weights of each group's concepts in a row. A concept of several groups counts for each.
class GroupWeights {
 public:
  /// @param concepts  of the dictionary
  GroupWeights(std::span<const ConceptGroup> groups, std::int64_t concepts);
  std::int64_t groups() const noexcept { return groups_; }
  /// out[g] = sum of the row's weights of group g's concepts. [groups()]
  void sum(std::span<const std::int32_t> atoms, std::span<const float> weights, std::span<double> out) const;

 private:
  std::int64_t groups_;
  std::vector<std::int32_t> first_;      ///< [concepts + 1] into groups_of_
  std::vector<std::int32_t> groups_of_;  ///< of each atom, ascending
};

/// One number, such as a group's weight, over rows.
struct WeightSummary {
  Moments moments;
  std::int64_t positive = 0;  ///< rows where it is above 0

  void add(double weight);
  void merge(const WeightSummary& other);
  /// positive / rows; NaN without rows.
  double share() const noexcept;
};

/// The same, with its histogram.
struct WeightDistribution {
  WeightSummary summary;
  GrowingHistogram histogram;

  void add(double weight);
};

}  // namespace splice_cuda
