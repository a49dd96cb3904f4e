#include "cpu/tableau_kernels.hpp"

#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/tableau_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Row i loses its shares of the last n queued pivots.
template <std::size_t n>
HWY_INLINE void SubtractQueued(Tableau<float>& t, std::int64_t i) {
  const hn::CappedTag<float, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t first = t.queued - static_cast<std::int64_t>(n);
  float factor[n];
  hn::Vec<decltype(d)> factors[n];
  const float* rows[n];
  for (std::size_t p = 0; p < n; ++p) {
    const std::int64_t at = (first + static_cast<std::int64_t>(p)) * t.ld;
    factor[p] = t.queued_factors[static_cast<std::size_t>(at + i)];
    factors[p] = hn::Set(d, factor[p]);
    rows[p] = t.queued_rows.get() + at;
  }
  float* row = t.row(i);
  const std::int64_t width = t.padded_size();
  for (std::int64_t k = 0; k < width; k += lanes) {
    auto sum = hn::Load(d, row + k);
    HWY_UNROLL(4)
    for (std::size_t p = 0; p < n; ++p) sum = hn::NegMulAdd(factors[p], hn::Load(d, rows[p] + k), sum);
    hn::Store(sum, d, row + k);
  }
  // Where a pivot was made, the row gets its factor, and loses shares of the later ones alone.
  for (std::size_t p = 0; p < n; ++p) {
    const std::int64_t k = t.queued_places[static_cast<std::size_t>(first) + p];
    float entry = factor[p];
    for (std::size_t q = p + 1; q < n; ++q) entry -= factor[q] * rows[q][k];
    row[k] = entry;
  }
}

void UpdateRow(Tableau<float>& t, std::int64_t i) {
  std::uint8_t& known = t.up_to_date[static_cast<std::size_t>(i)];
  static_assert(most_queued == 4);
  switch (t.queued - known) {
    case 1: SubtractQueued<1>(t, i); break;
    case 2: SubtractQueued<2>(t, i); break;
    case 3: SubtractQueued<3>(t, i); break;
    case 4: SubtractQueued<4>(t, i); break;
    default: break;
  }
  known = static_cast<std::uint8_t>(t.queued);
}

/// Rows that lose their shares at once, while the pivot rows are in registers: as many as there are registers for factors.
constexpr std::size_t flushed_rows = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL ? 4 : 2;

/// Entries of the pivots' columns: a row gets its factor there, and loses shares of the later pivots.
template <std::size_t n>
HWY_INLINE void FindEntries(Tableau<float>& t) {
  const hn::CappedTag<float, tableau_multiple> d;
  const float* factors = t.queued_factors.get();
  const float* rows = t.queued_rows.get();
  float later[n][n] = {};  // [pivot, later pivot]
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t q = p + 1; q < n; ++q) later[p][q] = rows[static_cast<std::int64_t>(q) * t.ld + t.queued_places[p]];
  }
  for (std::int64_t i = 0; i < t.padded_size(); i += static_cast<std::int64_t>(hn::Lanes(d))) {
    for (std::size_t p = 0; p < n; ++p) {
      auto entry = hn::Load(d, factors + static_cast<std::int64_t>(p) * t.ld + i);
      for (std::size_t q = p + 1; q < n; ++q) {
        const auto factor = hn::Load(d, factors + static_cast<std::int64_t>(q) * t.ld + i);
        entry = hn::NegMulAdd(factor, hn::Set(d, later[p][q]), entry);
      }
      hn::Store(entry, d, t.queued_entries.get() + static_cast<std::int64_t>(p) * t.ld + i);
    }
  }
}

/// `flushed_rows` rows that have had none of the n queued pivots lose their shares. Written out by `at`: factors that only
/// constants index stay in registers.
template <std::size_t n, std::size_t... at>
HWY_INLINE void SubtractFromRows(Tableau<float>& t, const std::int32_t* places, std::index_sequence<at...>) {
  const hn::CappedTag<float, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float* queued = t.queued_rows.get();
  const std::int64_t ld = t.ld;
  float* const rows[] = {t.row(places[at])...};
  hn::Vec<decltype(d)> factors[sizeof...(at)][n];
  for (std::size_t p = 0; p < n; ++p) {
    const float* of_rows = t.queued_factors.get() + static_cast<std::int64_t>(p) * ld;
    ((factors[at][p] = hn::Set(d, of_rows[places[at]])), ...);
  }
  const std::int64_t width = t.padded_size();
  for (std::int64_t k = 0; k < width; k += lanes) {
    hn::Vec<decltype(d)> sums[] = {hn::Load(d, rows[at] + k)...};
    HWY_UNROLL(4)
    for (std::size_t p = 0; p < n; ++p) {
      const auto row = hn::Load(d, queued + static_cast<std::int64_t>(p) * ld + k);
      ((sums[at] = hn::NegMulAdd(factors[at][p], row, sums[at])), ...);
    }
    (hn::Store(sums[at], d, rows[at] + k), ...);
  }
  for (std::size_t p = 0; p < n; ++p) {
    const float* entries = t.queued_entries.get() + static_cast<std::int64_t>(p) * ld;
    ((rows[at][t.queued_places[p]] = entries[places[at]]), ...);
  }
}

template <std::size_t n>
HWY_INLINE void FlushQueued(Tableau<float>& t) {
  std::int32_t* waiting = t.waiting.data();
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < t.size; ++i) {
    std::uint8_t& known = t.up_to_date[static_cast<std::size_t>(i)];
    waiting[count] = static_cast<std::int32_t>(i);
    count += known == 0 ? 1 : 0;
    if (known > 0) UpdateRow(t, i);
    known = 0;
  }
  FindEntries<n>(t);
  constexpr auto step = static_cast<std::int64_t>(flushed_rows);
  std::int64_t i = 0;
  for (; i + step <= count; i += step) SubtractFromRows<n>(t, waiting + i, std::make_index_sequence<flushed_rows>());
  for (; i < count; ++i) SubtractFromRows<n>(t, waiting + i, std::make_index_sequence<1>());
}

void FlushPivots(Tableau<float>& t) {
  static_assert(most_queued == 4);
  switch (t.queued) {
    case 1: FlushQueued<1>(t); break;
    case 2: FlushQueued<2>(t); break;
    case 3: FlushQueued<3>(t); break;
    case 4: FlushQueued<4>(t); break;
    default: break;
  }
  t.queued = 0;
}

void QueuePivot(Tableau<float>& t, std::int64_t k) {
  if (t.queued == most_queued) FlushPivots(t);
  const hn::CappedTag<float, tableau_multiple> d;
  float* row = t.row(k);
  float* queued_row = t.queued_rows.get() + t.queued * t.ld;
  float* factors = t.queued_factors.get() + t.queued * t.ld;
  const std::size_t place = static_cast<std::size_t>(k);
  const float diagonal = row[k];
  const float inverse = 1.0f / diagonal;
  const auto scale = hn::Set(d, inverse);
  const auto constant = hn::Set(d, t.value[place] * inverse);
  const float own_value = -t.value[place] * inverse;
  const auto own_flag = hn::Set(d, t.in_support[place] != 0 ? 1.0f : 0.0f);
  for (std::int64_t i = 0; i < t.padded_size(); i += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto entry = hn::Load(d, row + i);
    const auto same = hn::Eq(LoadBytes(d, t.in_support.data() + i), own_flag);
    const auto column = hn::IfThenElse(same, entry, hn::Neg(entry));
    hn::Store(entry, d, queued_row + i);
    hn::Store(hn::Mul(column, scale), d, factors + i);
    float* values = t.value.data() + i;
    hn::StoreU(hn::NegMulAdd(column, constant, hn::LoadU(d, values)), d, values);
    hn::Store(hn::Neg(hn::Mul(entry, scale)), d, row + i);
  }
  t.queued_places[static_cast<std::size_t>(t.queued)] = k;
  row[k] = inverse;
  t.value[place] = own_value;
  t.in_support[place] ^= 1u;
  t.up_to_date[place] = static_cast<std::uint8_t>(++t.queued);
}

// fp64: one pivot at a time, columns from the matrix itself. The problems that are left to it may be so ill-conditioned that
// rows and columns, which should be alike, are not.

/// y -= factor * x over `size` elements, a multiple of tableau_multiple.
HWY_INLINE void SubtractScaled(double factor, const double* HWY_RESTRICT x, double* HWY_RESTRICT y, std::int64_t size) {
  const hn::CappedTag<double, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += tableau_multiple) {
    HWY_UNROLL(8)
    for (std::int64_t i = 0; i < tableau_multiple; i += lanes) {
      hn::Store(hn::NegMulAdd(scale, hn::Load(d, x + k + i), hn::Load(d, y + k + i)), d, y + k + i);
    }
  }
}

HWY_INLINE void Scale(double factor, double* x, std::int64_t size) {
  const hn::ScalableTag<double> d;
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::Store(hn::Mul(scale, hn::Load(d, x + k)), d, x + k);
  }
}

void PivotAtOnce(Tableau<double>& t, std::int64_t k) {
  double* pivot_row = t.row(k);
  const double inverse = 1.0 / pivot_row[k];
  const double constant = t.value[static_cast<std::size_t>(k)] * inverse;
  for (std::int64_t i = 0; i < t.size; ++i) {
    if (i == k) continue;
    double* row = t.row(i);
    const double column = row[k];
    if (column == 0.0) continue;
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

template <class T>
HWY_INLINE std::int64_t LowestMember(const Tableau<T>& t, T tolerance) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(d);
  const auto limit = hn::Set(d, -tolerance);
  // Members of the support where `leaving`, else the others; in place of the rest `none`. Places past the end are 0 or
  // stale: they must not be found, so the last vector is cut.
  const auto members = [&](std::int64_t k, bool leaving, auto none) HWY_ATTR {
    const auto outside = hn::Eq(LoadBytes(d, t.in_support.data() + k), zero);
    const auto value = hn::LoadU(d, t.value.data() + k);
    const auto chosen = leaving ? hn::IfThenElse(outside, none, value) : hn::IfThenElse(outside, value, none);
    if (k + lanes <= t.size) return chosen;
    return hn::IfThenElse(hn::FirstN(d, static_cast<std::size_t>(t.size - k)), chosen, none);
  };
  auto least_inside = zero;
  auto least_outside = limit;
  for (std::int64_t k = 0; k < t.size; k += lanes) {
    least_inside = hn::Min(least_inside, members(k, true, zero));
    least_outside = hn::Min(least_outside, members(k, false, limit));
  }
  const T inside = hn::GetLane(hn::MinOfLanes(d, least_inside));
  const bool leaving = inside < T(0);
  const T lowest = leaving ? inside : hn::GetLane(hn::MinOfLanes(d, least_outside));
  if (!leaving && !(lowest < -tolerance)) return -1;
  for (std::int64_t k = 0; k < t.size; k += lanes) {
    const auto found = hn::Eq(members(k, leaving, leaving ? zero : limit), hn::Set(d, lowest));
    const std::intptr_t lane = hn::FindFirstTrue(d, found);
    if (lane >= 0) return k + lane;
  }
  return -1;  // NaN among the values
}

float DotF32(const float* x, const float* y, std::int64_t size) { return Dot(x, y, size); }
double DotF64(const double* x, const double* y, std::int64_t size) { return Dot(x, y, size); }
std::int64_t LowestMemberF32(const Tableau<float>& t, float tolerance) { return LowestMember(t, tolerance); }
std::int64_t LowestMemberF64(const Tableau<double>& t, double tolerance) { return LowestMember(t, tolerance); }

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(UpdateRow);
HWY_EXPORT(QueuePivot);
HWY_EXPORT(PivotAtOnce);
HWY_EXPORT(FlushPivots);
HWY_EXPORT(DotF32);
HWY_EXPORT(DotF64);
HWY_EXPORT(LowestMemberF32);
HWY_EXPORT(LowestMemberF64);

void update_row(Tableau<float>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(UpdateRow)(t, k); }
void update_row(Tableau<double>&, std::int64_t) {}
void queue_pivot(Tableau<float>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(QueuePivot)(t, k); }
void queue_pivot(Tableau<double>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(PivotAtOnce)(t, k); }
void flush_pivots(Tableau<float>& t) { HWY_DYNAMIC_DISPATCH(FlushPivots)(t); }
void flush_pivots(Tableau<double>&) {}
float dot(const float* x, const float* y, std::int64_t size) { return HWY_DYNAMIC_DISPATCH(DotF32)(x, y, size); }
double dot(const double* x, const double* y, std::int64_t size) { return HWY_DYNAMIC_DISPATCH(DotF64)(x, y, size); }
std::int64_t lowest_member(const Tableau<float>& t, float tolerance) {
  return HWY_DYNAMIC_DISPATCH(LowestMemberF32)(t, tolerance);
}
std::int64_t lowest_member(const Tableau<double>& t, double tolerance) {
  return HWY_DYNAMIC_DISPATCH(LowestMemberF64)(t, tolerance);
}

}  // namespace splice_cuda::cpu
#endif
