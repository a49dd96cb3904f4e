#include "splice_cuda/code_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/validate.hpp"
#include "experiments/row_direction.hpp"

namespace splice_cuda {
namespace {

double log_gap(double gap) { return gap > 0 ? std::log10(gap) : -std::numeric_limits<double>::infinity(); }

void check_length(const char* argument, std::size_t given, std::int64_t rows) {
  if (static_cast<std::int64_t>(given) != rows) {
    fail_argument(argument, std::to_string(given) + " rows", "as many as the codes have, " + std::to_string(rows));
  }
}

}  // namespace

Moments GroupStatistics::weight(std::int32_t atom) const {
  const auto found = weights_.find(atom);
  const Moments present = found == weights_.end() ? Moments{} : found->second;
  return present.with_zeros(rows() - present.count);
}

ConceptMean GroupStatistics::concept_mean(std::int32_t atom) const {
  const auto found = weights_.find(atom);
  const std::int64_t with = found == weights_.end() ? 0 : found->second.count;
  const Moments all = weight(atom);
  const double share = rows() > 0 ? static_cast<double>(with) / static_cast<double>(rows()) : std::numeric_limits<double>::quiet_NaN();
  return {atom, with, share, all.count > 0 ? all.mean : std::numeric_limits<double>::quiet_NaN(), all.standard_error()};
}

std::vector<ConceptMean> GroupStatistics::concepts() const {
  std::vector<ConceptMean> found;
  found.reserve(weights_.size());
  for (const auto& [atom, moments] : weights_) found.push_back(concept_mean(atom));
  std::sort(found.begin(), found.end(), [](const ConceptMean& a, const ConceptMean& b) { return a.atom < b.atom; });
  return found;
}

std::vector<ConceptMean> GroupStatistics::largest(std::int64_t top) const {
  std::vector<ConceptMean> found = concepts();
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::int64_t>(top, static_cast<std::int64_t>(found.size())));
  std::partial_sort(found.begin(), found.begin() + count, found.end(),
                    [](const ConceptMean& a, const ConceptMean& b) { return a.mean != b.mean ? a.mean > b.mean : a.atom < b.atom; });
  found.resize(static_cast<std::size_t>(count));
  return found;
}

void GroupStatistics::add(std::span<const std::int32_t> atoms, std::span<const float> weights, const RowReport* report, float cosine) {
  if (report != nullptr) {
    ++by_status_.at(static_cast<std::size_t>(report->status));
    if (!has_direction(report->status)) return;
    if (!std::isnan(report->gap)) gap_bins_.add(log_gap(report->gap));
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) weights_[atoms[i]].add(static_cast<double>(weights[i]));
  const auto l0 = static_cast<double>(atoms.size());
  empty_codes_ += atoms.empty() ? 1 : 0;
  l0_.add(l0);
  l0_bins_.add(l0);
  if (!std::isfinite(cosine)) return;
  cosine_.add(static_cast<double>(cosine));
  cosine_bins_.add(static_cast<double>(cosine));
}

void GroupStatistics::merge(const GroupStatistics& other) {
  for (std::size_t i = 0; i < by_status_.size(); ++i) by_status_[i] += other.by_status_[i];
  empty_codes_ += other.empty_codes_;
  l0_.merge(other.l0_);
  cosine_.merge(other.cosine_);
  for (const auto& [atom, moments] : other.weights_) weights_[atom].merge(moments);
  l0_bins_.merge(other.l0_bins_);
  cosine_bins_.merge(other.cosine_bins_);
  gap_bins_.merge(other.gap_bins_);
}

CodeStatistics::CodeStatistics(std::int64_t groups) {
  if (groups < 0 || groups > most_groups) fail_argument("groups", std::to_string(groups) + " of them", "at most " + std::to_string(most_groups));
  groups_.resize(static_cast<std::size_t>(groups));
}

void CodeStatistics::add(std::span<const std::int32_t> groups, const SparseCodes& codes, std::span<const RowReport> reports,
                         std::span<const float> cosine) {
  check_length("groups", groups.size(), codes.rows);
  if (!reports.empty()) check_length("reports", reports.size(), codes.rows);
  if (!cosine.empty()) check_length("cosine", cosine.size(), codes.rows);
  const auto wrong = std::find_if(groups.begin(), groups.end(), [&](std::int32_t group) { return group < -1 || group >= size(); });
  if (wrong != groups.end()) fail_argument("groups", std::to_string(*wrong), "-1 to " + std::to_string(size() - 1));
  check_codes("codes", codes, codes.rows, codes.cols);
  for (std::int64_t row = 0; row < codes.rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (groups[i] < 0) {
      ++ungrouped_;
      continue;
    }
    groups_[static_cast<std::size_t>(groups[i])].add(codes.row_atoms(row), codes.row_values(row), reports.empty() ? nullptr : &reports[i],
                                                      cosine.empty() ? std::numeric_limits<float>::quiet_NaN() : cosine[i]);
  }
}

void CodeStatistics::merge(const CodeStatistics& other) {
  if (other.size() != size()) fail_argument("other", std::to_string(other.size()) + " groups", std::to_string(size()));
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i].merge(other.groups_[i]);
  ungrouped_ += other.ungrouped_;
}

GroupStatistics CodeStatistics::together() const {
  GroupStatistics all;
  for (const GroupStatistics& group : groups_) all.merge(group);
  return all;
}

double cosine_of_means(const GroupStatistics& a, const GroupStatistics& b) {
  double product = 0;
  double own = 0;
  double others = 0;
  // By ascending atom: sums must not go by the order of a hash table.
  for (const ConceptMean& here : a.concepts()) {
    product += here.mean * b.weight(here.atom).mean;
    own += here.mean * here.mean;
  }
  for (const ConceptMean& there : b.concepts()) others += there.mean * there.mean;
  return product / std::sqrt(own * others);
}

}  // namespace splice_cuda
