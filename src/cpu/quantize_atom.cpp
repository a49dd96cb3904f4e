#include "cpu/quantize_atom.hpp"

#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/quantize_atom.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Sums run in eight lanes, however many vectors that takes, and the lanes are added in one order.
constexpr std::size_t sum_lanes = 8;
using Wide = hn::CappedTag<double, sum_lanes>;
constexpr std::size_t vectors = sum_lanes / hn::MaxLanes(Wide());

/// Bounds a double from above in float. Subnormal floats are further apart than the margin.
HWY_INLINE float RoundUp(double value) {
  const auto rounded = static_cast<float>(value * (1.0 + 1e-6));
  return static_cast<double>(rounded) < value
             ? std::nextafter(rounded, std::numeric_limits<float>::infinity())
             : rounded;
}

HWY_INLINE double SumOfEight(const hn::Vec<Wide> (&sums)[vectors]) {
  const Wide d;
  double lane[sum_lanes];
  for (std::size_t i = 0; i < vectors; ++i) hn::StoreU(sums[i], d, lane + i * hn::Lanes(d));
  return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

template <class T>
HWY_INLINE float LargestMagnitude(const T* HWY_RESTRICT atom, std::int64_t size) {
  const hn::CappedTag<float, sum_lanes> d;
  auto largest = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    largest = hn::Max(largest, hn::Abs(LoadAtom(d, atom + k)));
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

template <class T>
HWY_INLINE QuantizedAtom Quantize(const T* HWY_RESTRICT atom, std::int64_t size,
                                  std::int8_t* HWY_RESTRICT row8) {
  const Wide d;
  const hn::Rebind<std::int32_t, Wide> d32;
  const hn::Rebind<std::int8_t, Wide> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  QuantizedAtom out;
  out.scale = LargestMagnitude(atom, size) / 127.0f;
  const auto scale = hn::Set(d, static_cast<double>(out.scale));
  const auto inverse = hn::Set(d, out.scale > 0 ? 1.0 / static_cast<double>(out.scale) : 0.0);
  const auto most = hn::Set(d, 127.0);  // where the scale is subnormal, quotients exceed it
  hn::Vec<Wide> error[vectors];
  hn::Vec<Wide> norm[vectors];
  for (std::size_t i = 0; i < vectors; ++i) error[i] = norm[i] = hn::Zero(d);
  auto sum = hn::Zero(d32);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(sum_lanes)) {
    for (std::size_t i = 0; i < vectors; ++i) {
      const std::int64_t at = k + static_cast<std::int64_t>(i) * lanes;
      const auto value = LoadAtom(d, atom + at);
      const auto level = hn::Max(hn::Neg(most), hn::Min(hn::Round(hn::Mul(value, inverse)), most));
      const auto integer = hn::DemoteTo(d32, level);
      hn::StoreU(hn::DemoteTo(d8, integer), d8, row8 + at);
      sum = hn::Add(sum, integer);
      const auto lost = hn::Sub(value, hn::Mul(scale, level));
      error[i] = hn::Add(hn::Mul(lost, lost), error[i]);
      norm[i] = hn::Add(hn::Mul(value, value), norm[i]);
    }
  }
  out.error = RoundUp(std::sqrt(SumOfEight(error)));
  out.norm = RoundUp(std::sqrt(SumOfEight(norm)));
  out.sum = hn::GetLane(hn::SumOfLanes(d32, sum));
  return out;
}

QuantizedAtom QuantizeF32(const float* atom, std::int64_t size, std::int8_t* row8) {
  return Quantize(atom, size, row8);
}
QuantizedAtom QuantizeF16(const Float16* atom, std::int64_t size, std::int8_t* row8) {
  return Quantize(atom, size, row8);
}
QuantizedAtom QuantizeBF16(const BFloat16* atom, std::int64_t size, std::int8_t* row8) {
  return Quantize(atom, size, row8);
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(QuantizeF32);
HWY_EXPORT(QuantizeF16);
HWY_EXPORT(QuantizeBF16);

template <>
QuantizedAtom quantize_atom(const float* atom, std::int64_t size, std::int8_t* row8) {
  return HWY_DYNAMIC_DISPATCH(QuantizeF32)(atom, size, row8);
}
template <>
QuantizedAtom quantize_atom(const Float16* atom, std::int64_t size, std::int8_t* row8) {
  return HWY_DYNAMIC_DISPATCH(QuantizeF16)(atom, size, row8);
}
template <>
QuantizedAtom quantize_atom(const BFloat16* atom, std::int64_t size, std::int8_t* row8) {
  return HWY_DYNAMIC_DISPATCH(QuantizeBF16)(atom, size, row8);
}

}  // namespace splice_cuda::cpu
#endif
