#include "splice_cuda/group_differences.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/available_memory.hpp"
#include "core/validate.hpp"
#include "experiments/check_cancel.hpp"
#include "experiments/random_numbers.hpp"

namespace splice_cuda {
namespace {

// Permutations that give the very same split may differ by rounding.
constexpr double rounding = 1e-9;

/// floor(random / 2^64 * count): the upper half of the 128-bit product.
std::int64_t below(std::uint64_t random, std::int64_t count) {
  const auto factor = static_cast<std::uint64_t>(count);
  const std::uint64_t low = (random & 0xFFFFFFFFu) * factor;  // count < 2^32 is checked
  return static_cast<std::int64_t>(((random >> 32) * factor + (low >> 32)) >> 32);
}

/// Weights of one concept over the rows of both groups: the same in every permutation.
struct Pooled {
  double rows;
  double sum;
  double variance;

  /// The test's statistic, where the weights of A sum to `in_a`.
  double statistic(double in_a, double size_a) const {
    const double size_b = rows - size_a;
    if (size_a == 0 || size_b == 0 || !(variance > 0)) return 0;
    const double in_b = sum - in_a;
    return std::abs(in_a / size_a - in_b / size_b) / std::sqrt(variance * (1 / size_a + 1 / size_b));
  }
};

}  // namespace

std::vector<ConceptDifference> compare_groups(const GroupStatistics& a, const GroupStatistics& b) {
  std::vector<ConceptDifference> found;
  if (a.rows() == 0 || b.rows() == 0) return found;
  std::set<std::int32_t> atoms;
  for (const GroupStatistics* group : {&a, &b}) {
    for (const ConceptMean& mean : group->concepts()) atoms.insert(mean.atom);
  }
  for (const std::int32_t atom : atoms) {
    ConceptDifference one{atom, a.concept_mean(atom), b.concept_mean(atom)};
    one.difference = one.a.mean - one.b.mean;
    one.standard_error = std::hypot(one.a.standard_error, one.b.standard_error);
    found.push_back(one);
  }
  std::stable_sort(found.begin(), found.end(), [](const ConceptDifference& first, const ConceptDifference& second) {
    return std::abs(first.difference) > std::abs(second.difference);
  });
  return found;
}

PermutationTest::PermutationTest(std::span<const std::int32_t> labels, std::int32_t a, std::int32_t b, std::int64_t permutations,
                                 std::uint64_t seed, std::function<bool()> cancel)
    : labels_(labels), a_(a), b_(b), cancel_(std::move(cancel)) {
  if (a == b) fail_argument("b", std::to_string(b), "another group than a");
  if (permutations < 1 || permutations > 10000000) fail_argument("permutations", std::to_string(permutations), "1 to 10000000");
  const std::int64_t of_a = std::count(labels.begin(), labels.end(), a);
  const std::int64_t of_b = std::count(labels.begin(), labels.end(), b);
  if (of_a == 0 || of_b == 0) fail_argument(of_a == 0 ? "a" : "b", "a group without records", "one that has some");
  left_ = of_a + of_b;
  if (left_ > 0xFFFFFFFF) fail_argument("labels", std::to_string(left_) + " records in two groups", "fewer than 2^32");
  const auto count = static_cast<std::size_t>(permutations);
  require_memory(count * 4 * sizeof(double), available_memory(), "permutations");
  left_of_a_.assign(count, of_a);
  sizes_of_a_.assign(count, 0);
  in_a_.assign(count, 0);
  streams_.resize(count);
  for (std::size_t i = 0; i < count; ++i) streams_[i] = SplitMix64::mixed(SplitMix64::mixed(seed) + (i + 1) * SplitMix64::step);
}

/// Labels of the next record of A and B.
void PermutationTest::deal() {
  check_cancel(cancel_);
  ++dealt_;
  const std::uint64_t step = static_cast<std::uint64_t>(dealt_) * SplitMix64::step;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const bool chosen = below(SplitMix64::mixed(streams_[i] + step), left_) < left_of_a_[i];
    left_of_a_[i] -= chosen ? 1 : 0;
    in_a_[i] = chosen ? 1 : 0;
  }
  --left_;
}

void PermutationTest::add(std::int64_t record, std::span<const std::int32_t> atoms, std::span<const float> weights) {
  if (record < next_ || record >= static_cast<std::int64_t>(labels_.size())) {
    fail_argument("record", std::to_string(record), std::to_string(next_) + " to " + std::to_string(static_cast<std::int64_t>(labels_.size()) - 1));
  }
  const auto taken = [&](std::int64_t index) {
    const std::int32_t label = labels_[static_cast<std::size_t>(index)];
    return label == a_ || label == b_;
  };
  for (; next_ < record; ++next_) {
    if (taken(next_)) deal();
  }
  ++next_;
  if (!taken(record)) return;
  deal();
  const bool in_a = labels_[static_cast<std::size_t>(record)] == a_;
  ++rows_;
  rows_a_ += in_a ? 1 : 0;
  for (std::size_t i = 0; i < in_a_.size(); ++i) sizes_of_a_[i] += in_a_[i];
  for (std::size_t k = 0; k < atoms.size(); ++k) {
    Sums& sums = sums_[atoms[k]];
    if (sums.dealt.empty()) {
      require_memory(in_a_.size() * sizeof(double), available_memory(), "permutations of a concept (fewer permutations need less)");
      sums.dealt.assign(in_a_.size(), 0);
    }
    const auto weight = static_cast<double>(weights[k]);
    sums.present.add(weight);
    if (in_a) sums.in_a += weight;
    double* dealt = sums.dealt.data();
    const double* chosen = in_a_.data();
    for (std::size_t i = 0; i < in_a_.size(); ++i) dealt[i] += weight * chosen[i];
  }
}

std::vector<PermutationTest::Outcome> PermutationTest::outcomes() const {
  std::vector<Outcome> found;
  std::vector<double> largest(in_a_.size(), 0);
  const double whole = static_cast<double>(in_a_.size()) + 1;
  for (const auto& [atom, sums] : sums_) {
    check_cancel(cancel_);
    const Pooled pooled{static_cast<double>(rows_), sums.present.mean * static_cast<double>(sums.present.count),
                        sums.present.with_zeros(rows_ - sums.present.count).variance()};
    Outcome one{atom, pooled.statistic(sums.in_a, static_cast<double>(rows_a_))};
    std::int64_t reached = 0;
    for (std::size_t i = 0; i < largest.size(); ++i) {
      const double dealt = pooled.statistic(sums.dealt[i], sizes_of_a_[i]);
      reached += dealt >= one.statistic * (1 - rounding) ? 1 : 0;
      largest[i] = std::max(largest[i], dealt);
    }
    one.p = (1 + static_cast<double>(reached)) / whole;
    found.push_back(one);
  }
  std::sort(largest.begin(), largest.end());
  for (Outcome& one : found) {
    const auto reached = largest.end() - std::lower_bound(largest.begin(), largest.end(), one.statistic * (1 - rounding));
    one.p_corrected = (1 + static_cast<double>(reached)) / whole;
  }
  std::sort(found.begin(), found.end(), [](const Outcome& first, const Outcome& second) { return first.atom < second.atom; });
  return found;
}

}  // namespace splice_cuda
