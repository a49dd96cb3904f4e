#include "cpu/select.hpp"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/select.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/compress-inl.h"

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

/// Least and largest of those of `count` >= 1 values that lie above `floor`; no such value: low > high.
void ValueRange(const float* HWY_RESTRICT values, std::int64_t count, float floor, bool both_signs, float* low,
                float* high) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto limit = hn::Set(d, floor);
  const auto beyond = hn::Set(d, 3e38f);
  auto least = beyond;
  auto largest = limit;
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto loaded = hn::LoadU(d, values + i);
    const auto value = both_signs ? hn::Abs(loaded) : loaded;
    largest = hn::Max(largest, value);
    least = hn::Min(least, hn::IfThenElse(hn::Gt(value, limit), value, beyond));
  }
  *low = hn::GetLane(hn::MinOfLanes(d, least));
  *high = hn::GetLane(hn::MaxOfLanes(d, largest));
  for (; i < count; ++i) {
    const float value = both_signs ? std::abs(values[i]) : values[i];
    if (!(value > floor)) continue;
    *low = std::min(*low, value);
    *high = std::max(*high, value);
  }
}

std::int64_t TakeAbove(Selection& selection, float upper, float lower, Taken taken) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  static_assert(hn::MaxLanes(hn::ScalableTag<float>()) <= taken_slack);
  std::int64_t kept = 0;
  std::int64_t moved = 0;
  std::int64_t i = 0;
  for (; i + lanes <= selection.count; i += lanes) {
    const auto value = hn::LoadU(d, selection.values + i);
    const auto atoms = hn::LoadU(di, selection.atoms + i);
    const auto size = selection.both_signs ? hn::Abs(value) : value;
    const auto takes = hn::Gt(size, hn::Set(d, upper));
    const auto keeps = hn::AndNot(takes, hn::Gt(size, hn::Set(d, lower)));
    if (!hn::AllFalse(d, takes)) {
      StoreSelected(di, atoms, hn::RebindMask(di, takes), taken.atoms + moved);
      StoreSelected(d, value, takes, taken.values + moved);
      moved += static_cast<std::int64_t>(hn::CountTrue(d, takes));
    }
    // Written at most where was read already.
    StoreSelected(di, atoms, hn::RebindMask(di, keeps), selection.atoms + kept);
    StoreSelected(d, value, keeps, selection.values + kept);
    kept += static_cast<std::int64_t>(hn::CountTrue(d, keeps));
  }
  for (; i < selection.count; ++i) {
    const float value = selection.values[i];
    const std::int32_t atom = selection.atoms[i];
    const float size = selection.both_signs ? std::abs(value) : value;
    if (size > upper) {
      taken.atoms[moved] = atom;
      taken.values[moved++] = value;
    } else if (size > lower) {
      selection.atoms[kept] = atom;
      selection.values[kept++] = value;
    }
  }
  selection.count = kept;
  return moved;
}

std::int64_t PlacesAbove(const BoundedList& list, float limit, std::int32_t* HWY_RESTRICT places, float* rest) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto norm = hn::Set(d, list.norm);
  const auto none = hn::Set(d, -hwy::HighestValue<float>());
  auto highest = none;
  std::int64_t found = 0;
  std::int64_t i = 0;
  for (; i + lanes <= list.count; i += lanes) {
    const auto loaded = hn::LoadU(d, list.values + i);
    const auto errors = hn::GatherIndex(d, list.errors, hn::LoadU(di, list.atoms + i));
    // The first two terms of math::screened_upper_bound. A product and a sum on every target, never fused: places are the
    // same on all of them.
    const auto bound = hn::Add(list.both_signs ? hn::Abs(loaded) : loaded, hn::Mul(errors, norm));
    const auto above = hn::Gt(bound, hn::Set(d, limit));
    highest = hn::Max(highest, hn::IfThenElse(above, none, bound));
    if (hn::AllFalse(d, above)) continue;
    StoreSelected(di, hn::Iota(di, static_cast<std::int32_t>(i)), hn::RebindMask(di, above), places + found);
    found += static_cast<std::int64_t>(hn::CountTrue(d, above));
  }
  float largest = hn::GetLane(hn::MaxOfLanes(d, highest));
  for (; i < list.count; ++i) {
    const float value = list.both_signs ? std::abs(list.values[i]) : list.values[i];
    const float error = list.errors[list.atoms[i]] * list.norm;
    const float bound = value + error;
    if (bound > limit) {
      places[found++] = static_cast<std::int32_t>(i);
    } else {
      largest = std::max(largest, bound);
    }
  }
  *rest = largest;
  return found;
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(CountAbove);
HWY_EXPORT(ValueRange);
HWY_EXPORT(TakeAbove);
HWY_EXPORT(PlacesAbove);

float best_threshold(const float* values, std::int64_t count, std::int64_t keep, bool both_signs, float floor) {
  if (count <= keep) return floor;
  if (HWY_DYNAMIC_DISPATCH(CountAbove)(values, count, floor, both_signs) <= keep) return floor;
  float low = 0;
  float high = 0;
  HWY_DYNAMIC_DISPATCH(ValueRange)(values, count, floor, both_signs, &low, &high);
  constexpr int bisections = 14;  // 2^-14 of the range: finer than int8 values are
  for (int i = 0; i < bisections; ++i) {
    const float middle = 0.5f * (low + high);
    const std::int64_t above = HWY_DYNAMIC_DISPATCH(CountAbove)(values, count, middle, both_signs);
    if (above > keep) {
      low = middle;
    } else {
      high = middle;
      if (above >= keep - keep / 32) break;
    }
  }
  return high;
}

std::int64_t take_above(Selection& selection, float upper, float lower, Taken taken) {
  return HWY_DYNAMIC_DISPATCH(TakeAbove)(selection, upper, lower, taken);
}

std::int64_t places_above(const BoundedList& list, float limit, std::int32_t* places, float* rest) {
  return HWY_DYNAMIC_DISPATCH(PlacesAbove)(list, limit, places, rest);
}

}  // namespace splice_cuda::cpu
#endif
