#include "cpu/quantize.hpp"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/quantize.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

QuantizedRow QuantizeRow(const float* HWY_RESTRICT r, std::int64_t size,
                         std::int8_t* HWY_RESTRICT q) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<std::int8_t, decltype(d)> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto largest = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += lanes) {
    largest = hn::Max(largest, hn::Abs(hn::LoadU(d, r + k)));
  }
  const float top = hn::GetLane(hn::MaxOfLanes(d, largest));
  QuantizedRow row;
  if (!(top > 1e-30f)) {  // so small that 127 / top may overflow: r^ = 0 and all of r is lost
    for (std::int64_t k = 0; k < size; k += lanes) hn::StoreU(hn::Zero(d8), d8, q + k);
    row.error = std::sqrt(static_cast<float>(size)) * top;
    return row;
  }
  row.scale = top / 127.0f;
  const auto inverse = hn::Set(d, 127.0f / top);
  const auto scale = hn::Set(d, row.scale);
  auto error = hn::Zero(d);
  auto norm = hn::Zero(d);
  auto sum = hn::Zero(d32);
  for (std::int64_t k = 0; k < size; k += lanes) {
    const auto value = hn::LoadU(d, r + k);
    const auto rounded = hn::NearestInt(hn::Mul(value, inverse));
    hn::StoreU(hn::DemoteTo(d8, rounded), d8, q + k);
    sum = hn::Add(sum, rounded);
    const auto back = hn::Mul(scale, hn::ConvertTo(d, rounded));
    const auto lost = hn::Sub(value, back);
    error = hn::MulAdd(lost, lost, error);
    norm = hn::MulAdd(back, back, norm);
  }
  // Relative rounding of the sums is below d * 2^-24 / 2; of each `lost` below 2^-23 of the value's scale.
  const float slack = 1.0f + 1e-5f + static_cast<float>(size) * 3e-8f;
  row.norm = std::sqrt(hn::GetLane(hn::SumOfLanes(d, norm))) * slack;
  row.error = std::sqrt(hn::GetLane(hn::SumOfLanes(d, error))) * slack + 3e-7f * row.norm;
  row.sum = hn::GetLane(hn::SumOfLanes(d32, sum));
  return row;
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(QuantizeRow);

QuantizedRow quantize_row(const float* r, std::int64_t size, std::int8_t* q) {
  return HWY_DYNAMIC_DISPATCH(QuantizeRow)(r, size, q);
}

}  // namespace splice_cuda::cpu
#endif
