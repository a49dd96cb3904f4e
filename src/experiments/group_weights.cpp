#include "splice_cuda/group_weights.hpp"

#include <algorithm>
#include <limits>

namespace splice_cuda {

GroupWeights::GroupWeights(std::span<const ConceptGroup> groups, std::int64_t concepts)
    : groups_(static_cast<std::int64_t>(groups.size())), first_(static_cast<std::size_t>(concepts) + 1, 0) {
  for (const ConceptGroup& group : groups) {
    for (const GroupMember& member : group.members) ++first_[static_cast<std::size_t>(member.atom) + 1];
  }
  for (std::size_t j = 1; j < first_.size(); ++j) first_[j] += first_[j - 1];
  groups_of_.resize(static_cast<std::size_t>(first_.back()));
  std::vector<std::int32_t> next(first_.begin(), first_.end() - 1);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const GroupMember& member : groups[g].members) {
      groups_of_[static_cast<std::size_t>(next[static_cast<std::size_t>(member.atom)]++)] = static_cast<std::int32_t>(g);
    }
  }
}

void GroupWeights::sum(std::span<const std::int32_t> atoms, std::span<const float> weights, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    const auto atom = static_cast<std::size_t>(atoms[k]);
    for (std::int32_t i = first_[atom]; i < first_[atom + 1]; ++i) {
      out[static_cast<std::size_t>(groups_of_[static_cast<std::size_t>(i)])] += static_cast<double>(weights[k]);
    }
  }
}

void WeightSummary::add(double weight) {
  moments.add(weight);
  positive += weight > 0 ? 1 : 0;
}

void WeightSummary::merge(const WeightSummary& other) {
  moments.merge(other.moments);
  positive += other.positive;
}

double WeightSummary::share() const noexcept {
  return moments.count > 0 ? static_cast<double>(positive) / static_cast<double>(moments.count) : std::numeric_limits<double>::quiet_NaN();
}

void WeightDistribution::add(double weight) {
  summary.add(weight);
  histogram.add(weight);
}

}  // namespace splice_cuda
