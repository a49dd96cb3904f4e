#include "cpu/select.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/select.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

std::int64_t CountAbove(const float* HWY_RESTRICT values, std::int64_t count, float threshold,
                        bool both_signs) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto limit = hn::Set(d, threshold);
  std::int64_t above = 0;
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    above += static_cast<std::int64_t>(
        hn::CountTrue(d, hn::Gt(both_signs ? hn::Abs(value) : value, limit)));
  }
  for (; i < count; ++i) above += (both_signs ? std::abs(values[i]) : values[i]) > threshold ? 1 : 0;
  return above;
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(CountAbove);

float best_threshold(const float* values, std::int64_t count, std::int64_t keep, bool both_signs) {
  constexpr float below_all = -3e38f;
  if (count <= keep) return below_all;
  float high = below_all;
  float low = 3e38f;
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = both_signs ? std::abs(values[i]) : values[i];
    high = std::max(high, value);
    low = std::min(low, value);
  }
  constexpr int bisections = 14;  // 2^-14 of the range: finer than int8 values are
  for (int i = 0; i < bisections; ++i) {
    const float middle = 0.5f * (low + high);
    const std::int64_t above = HWY_DYNAMIC_DISPATCH(CountAbove)(values, count, middle, both_signs);
    if (above > keep) {
      low = middle;
    } else {
      high = middle;
      if (above == keep) break;
    }
  }
  return high;
}

}  // namespace splice_cuda::cpu
#endif
