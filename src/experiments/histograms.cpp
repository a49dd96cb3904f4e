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
  for (std::size_t i = 0; i < counts_.size() / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
  std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(counts_.size() / 2), counts_.end(), 0);
  ++exponent_;
}

void GrowingHistogram::grow_to_hold(double value) {
  if (counts_.empty()) counts_.assign(static_cast<std::size_t>(fine_bins), 0);
  while (value >= std::ldexp(1.0, exponent_)) grow();
}

void GrowingHistogram::add(double value) {
  if (!std::isfinite(value)) return;
  value = std::max(value, 0.0);
  grow_to_hold(value);
  ++counts_[static_cast<std::size_t>(std::ldexp(value, fine_bits - exponent_))];
  ++total_;
  largest_ = std::max(largest_, value);
}

void GrowingHistogram::merge(const GrowingHistogram& other) {
  if (other.total_ == 0) return;
  grow_to_hold(other.largest_);
  for (std::size_t i = 0; i < other.counts_.size(); ++i) {
    counts_[i >> std::max(exponent_ - other.exponent_, 0)] += other.counts_[i];
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
  for (std::int64_t i = 0; i < used; ++i) {
    result.counts[static_cast<std::size_t>(i / together)] += raised.counts_[static_cast<std::size_t>(i)];
  }
  return result;
}

}  // namespace splice_cuda
