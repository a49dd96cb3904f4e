#include "splice_cuda/histograms.hpp"

#include <algorithm>
#include <cmath>

#include "core/validate.hpp"

namespace splice_cuda {
namespace {

constexpr int fine_bits = 11;
constexpr std::int64_t fine_bins = std::int64_t{1} << fine_bits;

}  // namespace

void FixedHistogram::add(double value) noexcept {
  if (std::isnan(value)) return;
  const double place = std::clamp(std::floor((value - low_) / width_), 0.0, static_cast<double>(bins() - 1));
  ++counts_[static_cast<std::size_t>(place)];
}

void FixedHistogram::merge(const FixedHistogram& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

void GrowingHistogram::grow() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    const auto half = static_cast<std::uint16_t>(bins_[i] / 2);
    const std::int64_t values = counts_[i];
    if (kept > 0 && bins_[kept - 1] == half) {
      counts_[kept - 1] += values;
      continue;
    }
    bins_[kept] = half;
    counts_[kept++] = values;
  }
  bins_.resize(kept);
  counts_.resize(kept);
  ++exponent_;
}

void GrowingHistogram::grow_to_hold(double value) {
  while (value >= std::ldexp(1.0, exponent_)) grow();
}

void GrowingHistogram::count(std::uint16_t bin, std::int64_t values) {
  const auto place = std::lower_bound(bins_.begin(), bins_.end(), bin);
  const auto index = place - bins_.begin();
  if (place == bins_.end() || *place != bin) {
    bins_.insert(place, bin);
    counts_.insert(counts_.begin() + index, 0);
  }
  counts_[static_cast<std::size_t>(index)] += values;
}

void GrowingHistogram::add(double value) {
  if (!std::isfinite(value)) return;
  value = std::max(value, 0.0);
  grow_to_hold(value);
  count(static_cast<std::uint16_t>(std::ldexp(value, fine_bits - exponent_)), 1);
  ++total_;
  largest_ = std::max(largest_, value);
}

void GrowingHistogram::merge(const GrowingHistogram& other) {
  if (other.total_ == 0) return;
  grow_to_hold(other.largest_);
  constexpr int to_one_bin = 16;  // of the bins' numbers
  const int doublings = std::clamp(exponent_ - other.exponent_, 0, to_one_bin);
  for (std::size_t i = 0; i < other.bins_.size(); ++i) {
    count(static_cast<std::uint16_t>(other.bins_[i] >> doublings), other.counts_[i]);
  }
  total_ += other.total_;
  largest_ = std::max(largest_, other.largest_);
}

GrowingHistogram::Bins GrowingHistogram::coarse(std::int64_t bins, double largest) const {
  if (bins < 1 || bins > fine_bins / 2) fail_argument("bins", std::to_string(bins), "1 to " + std::to_string(fine_bins / 2));
  if (!(largest >= largest_)) fail_argument("largest", number_text(largest), "at least " + number_text(largest_));
  GrowingHistogram raised = *this;
  raised.grow_to_hold(largest);
  const auto used = static_cast<std::int64_t>(std::ldexp(largest, fine_bits - raised.exponent_)) + 1;
  const std::int64_t together = (used + bins - 1) / bins;
  Bins result{std::ldexp(static_cast<double>(together), raised.exponent_ - fine_bits), std::vector<std::int64_t>(static_cast<std::size_t>(bins), 0)};
  for (std::size_t i = 0; i < raised.bins_.size(); ++i) {
    result.counts[static_cast<std::size_t>(raised.bins_[i] / together)] += raised.counts_[i];
  }
  return result;
}

}  // namespace splice_cuda
