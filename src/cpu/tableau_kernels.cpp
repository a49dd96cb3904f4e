#include "cpu/tableau_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/tableau_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y -= factor * x over `size` elements, a multiple of tableau_multiple.
template <class T>
HWY_INLINE void SubtractScaled(T factor, const T* HWY_RESTRICT x, T* HWY_RESTRICT y, std::int64_t size) {
  const hn::CappedTag<T, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += tableau_multiple) {
    HWY_UNROLL(8)
    for (std::int64_t i = 0; i < tableau_multiple; i += lanes) {
      hn::Store(hn::NegMulAdd(scale, hn::Load(d, x + k + i), hn::Load(d, y + k + i)), d, y + k + i);
    }
  }
}

template <class T>
HWY_INLINE void Scale(T factor, T* x, std::int64_t size) {
  const hn::ScalableTag<T> d;
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::Store(hn::Mul(scale, hn::Load(d, x + k)), d, x + k);
  }
}

template <class T>
HWY_INLINE void Pivot(Tableau<T>& t, std::int64_t k) {
  T* pivot_row = t.row(k);
  const T inverse = T(1) / pivot_row[k];
  const T constant = t.value[static_cast<std::size_t>(k)] * inverse;
  for (std::int64_t i = 0; i < t.size; ++i) {
    if (i == k) continue;
    T* row = t.row(i);
    const T column = row[k];
    if (column == T(0)) continue;
    SubtractScaled(column * inverse, pivot_row, row, t.padded_size());
    row[k] = column * inverse;
    t.value[static_cast<std::size_t>(i)] -= column * constant;
  }
  Scale(-inverse, pivot_row, t.padded_size());
  pivot_row[k] = inverse;
  t.value[static_cast<std::size_t>(k)] = -constant;
  t.in_support[static_cast<std::size_t>(k)] ^= 1u;
}

template <class T>
HWY_INLINE T Dot(const T* HWY_RESTRICT x, const T* HWY_RESTRICT y, std::int64_t size) {
  const hn::ScalableTag<T> d;
  auto sum = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    sum = hn::MulAdd(hn::Load(d, x + k), hn::LoadU(d, y + k), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

/// `n` rows of the result at once: they stay in registers while the source's rows pass by.
template <std::size_t n, class T>
HWY_INLINE void AddRowsBlock(const AddedRows<T>& sums, std::int64_t first) {
  const hn::ScalableTag<T> d;
  const auto terms = static_cast<std::int64_t>(sums.rows.size());
  const T* coefs = sums.coefs + first * terms;
  T* out = sums.out + first * sums.ld_out;
  for (std::int64_t k = 0; k < sums.width; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::Vec<decltype(d)> sum[n];
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < n; ++i) sum[i] = hn::LoadU(d, out + static_cast<std::int64_t>(i) * sums.ld_out + k);
    for (std::int64_t s = 0; s < terms; ++s) {
      const auto row = hn::LoadU(d, sums.source + sums.rows[static_cast<std::size_t>(s)] * sums.ld_source + k);
      HWY_UNROLL(8)
      for (std::size_t i = 0; i < n; ++i) {
        sum[i] = hn::MulAdd(hn::Set(d, coefs[static_cast<std::int64_t>(i) * terms + s]), row, sum[i]);
      }
    }
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < n; ++i) hn::StoreU(sum[i], d, out + static_cast<std::int64_t>(i) * sums.ld_out + k);
  }
}

template <class T>
HWY_INLINE void AddRows(const AddedRows<T>& sums) {
  std::int64_t i = 0;
  for (; i + 8 <= sums.count; i += 8) AddRowsBlock<8>(sums, i);
  for (; i + 3 <= sums.count; i += 3) AddRowsBlock<3>(sums, i);
  for (; i < sums.count; ++i) AddRowsBlock<1>(sums, i);
}

/// Flags as numbers: 0 or 1.
template <class D>
HWY_INLINE hn::Vec<D> LoadFlags(D d, const std::uint8_t* flags) {
  const hn::Rebind<std::int32_t, D> d32;
  const auto wide = hn::PromoteTo(d32, hn::LoadU(hn::Rebind<std::uint8_t, D>(), flags));
  if constexpr (sizeof(hn::TFromD<D>) == sizeof(double)) {
    return hn::PromoteTo(d, wide);
  } else {
    return hn::ConvertTo(d, wide);
  }
}

template <class T>
HWY_INLINE std::int64_t LowestMember(const Tableau<T>& t, bool in_support, T bound) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto limit = hn::Set(d, bound);
  // Places past the end are 0 or stale: they must not be found, so the last vector is cut.
  const auto values = [&](std::int64_t k) HWY_ATTR {
    const auto flags = LoadFlags(d, t.in_support.data() + k);
    const auto other = in_support ? hn::Eq(flags, hn::Zero(d)) : hn::Ne(flags, hn::Zero(d));
    const auto members = hn::IfThenElse(other, limit, hn::LoadU(d, t.value.data() + k));
    if (k + lanes <= t.size) return members;
    return hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(t.size - k)), members, limit);
  };
  auto least = limit;
  for (std::int64_t k = 0; k < t.size; k += lanes) least = hn::Min(least, values(k));
  const T lowest = hn::GetLane(hn::MinOfLanes(d, least));
  if (!(lowest < bound)) return -1;
  for (std::int64_t k = 0; k < t.size; k += lanes) {
    const std::intptr_t lane = hn::FindFirstTrue(d, hn::Eq(values(k), hn::Set(d, lowest)));
    if (lane >= 0) return k + lane;
  }
  return -1;  // NaN among the values
}

void PivotF32(Tableau<float>& t, std::int64_t k) { Pivot(t, k); }
void PivotF64(Tableau<double>& t, std::int64_t k) { Pivot(t, k); }
float DotF32(const float* x, const float* y, std::int64_t size) { return Dot(x, y, size); }
double DotF64(const double* x, const double* y, std::int64_t size) { return Dot(x, y, size); }
void AddRowsF32(const AddedRows<float>& sums) { AddRows(sums); }
void AddRowsF64(const AddedRows<double>& sums) { AddRows(sums); }
std::int64_t LowestMemberF32(const Tableau<float>& t, bool in_support, float bound) {
  return LowestMember(t, in_support, bound);
}
std::int64_t LowestMemberF64(const Tableau<double>& t, bool in_support, double bound) {
  return LowestMember(t, in_support, bound);
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(PivotF32);
HWY_EXPORT(PivotF64);
HWY_EXPORT(DotF32);
HWY_EXPORT(DotF64);
HWY_EXPORT(AddRowsF32);
HWY_EXPORT(AddRowsF64);
HWY_EXPORT(LowestMemberF32);
HWY_EXPORT(LowestMemberF64);

void pivot(Tableau<float>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(PivotF32)(t, k); }
void pivot(Tableau<double>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(PivotF64)(t, k); }
float dot(const float* x, const float* y, std::int64_t size) { return HWY_DYNAMIC_DISPATCH(DotF32)(x, y, size); }
double dot(const double* x, const double* y, std::int64_t size) { return HWY_DYNAMIC_DISPATCH(DotF64)(x, y, size); }
void add_rows(const AddedRows<float>& sums) { HWY_DYNAMIC_DISPATCH(AddRowsF32)(sums); }
void add_rows(const AddedRows<double>& sums) { HWY_DYNAMIC_DISPATCH(AddRowsF64)(sums); }
std::int64_t lowest_member(const Tableau<float>& t, bool in_support, float bound) {
  return HWY_DYNAMIC_DISPATCH(LowestMemberF32)(t, in_support, bound);
}
std::int64_t lowest_member(const Tableau<double>& t, bool in_support, double bound) {
  return HWY_DYNAMIC_DISPATCH(LowestMemberF64)(t, in_support, bound);
}

}  // namespace splice_cuda::cpu
#endif
