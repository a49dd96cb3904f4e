#include "cpu/append_kernels.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/append_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/compress-inl.h"
#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
HWY_INLINE void PartGramRow(const Tableau<T>& t, std::int64_t size, const T* gram, T* HWY_RESTRICT row,
                            T* HWY_RESTRICT coefs) {
  const hn::CappedTag<T, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto part = [&](std::int64_t k, const T* entries) HWY_ATTR {
    const auto entry = hn::LoadU(d, entries);
    const auto in_support = hn::Ne(LoadBytes(d, t.in_support.data() + k), hn::Zero(d));
    hn::Store(hn::IfThenZeroElse(in_support, entry), d, row + k);
    if (hn::AllFalse(d, in_support)) return;
    StoreSelected(d, entry, in_support, coefs);
    coefs += hn::CountTrue(d, in_support);
  };
  std::int64_t k = 0;
  for (; k + lanes <= size; k += lanes) part(k, gram + k);
  for (; k < round_up(size, tableau_multiple); k += lanes) {  // the end of the Gram row may be the end of its memory
    HWY_ALIGN T entries[tableau_multiple] = {};
    if (k < size) std::copy(gram + k, gram + size, entries);
    part(k, entries);
  }
}

/// `n` rows of the result at once, `vectors` of each: they stay in registers while the source's rows pass by.
template <std::size_t n, std::size_t vectors, class T>
HWY_INLINE void AddRowsBlock(const AddedRows<T>& sums, std::int64_t first, std::int64_t k) {
  const hn::CappedTag<T, tableau_multiple> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto terms = static_cast<std::int64_t>(sums.rows.size());
  const T* coefs = sums.coefs + first * sums.ld_coefs;
  T* out = sums.out + first * sums.ld_out + k;
  const auto place = [&](std::size_t i) {
    return out + static_cast<std::int64_t>(i / vectors) * sums.ld_out + static_cast<std::int64_t>(i % vectors) * lanes;
  };
  hn::Vec<decltype(d)> sum[n * vectors];
  HWY_UNROLL(16)
  for (std::size_t i = 0; i < n * vectors; ++i) sum[i] = hn::LoadU(d, place(i));
  for (std::int64_t s = 0; s < terms; ++s) {
    const T* source = sums.source + sums.rows[static_cast<std::size_t>(s)] * sums.ld_source + k;
    const auto low = hn::LoadU(d, source);
    const auto high = vectors == 2 ? hn::LoadU(d, source + lanes) : low;
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < n; ++i) {
      const auto coef = hn::Set(d, coefs[static_cast<std::int64_t>(i) * sums.ld_coefs + s]);
      sum[i * vectors] = hn::MulAdd(coef, low, sum[i * vectors]);
      if (vectors == 2) sum[i * vectors + vectors - 1] = hn::MulAdd(coef, high, sum[i * vectors + vectors - 1]);
    }
  }
  HWY_UNROLL(16)
  for (std::size_t i = 0; i < n * vectors; ++i) hn::StoreU(sum[i], d, place(i));
}

template <std::size_t n, class T>
HWY_INLINE void AddRowsOf(const AddedRows<T>& sums, std::int64_t first) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::CappedTag<T, tableau_multiple>()));
  std::int64_t k = 0;
  for (; k + 2 * lanes <= sums.width; k += 2 * lanes) AddRowsBlock<n, 2>(sums, first, k);
  for (; k < sums.width; k += lanes) AddRowsBlock<n, 1>(sums, first, k);
}

template <class T>
HWY_INLINE void AddRows(const AddedRows<T>& sums) {
  constexpr std::size_t most = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL ? 8 : 4;  // two accumulators each
  std::int64_t i = 0;
  for (; i + static_cast<std::int64_t>(most) <= sums.count; i += most) AddRowsOf<most>(sums, i);
  for (; i + 4 <= sums.count; i += 4) AddRowsOf<4>(sums, i);
  for (; i + 2 <= sums.count; i += 2) AddRowsOf<2>(sums, i);
  for (; i < sums.count; ++i) AddRowsOf<1>(sums, i);
}

/// Square blocks of 128 bits a row, rows to columns.
template <class D, class V>
HWY_INLINE void TransposeBlock(D d, V (&v)[4]) {
  const hn::Repartition<std::uint64_t, D> pairs;
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, v[0], v[1]));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, v[0], v[1]));
  const auto cd_low = hn::BitCast(pairs, hn::InterleaveLower(d, v[2], v[3]));
  const auto cd_high = hn::BitCast(pairs, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, cd_low));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, cd_low));
  v[2] = hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, cd_high));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, cd_high));
}
template <class D, class V>
HWY_INLINE void TransposeBlock(D d, V (&v)[2]) {
  const V low = hn::InterleaveLower(d, v[0], v[1]);
  v[1] = hn::InterleaveUpper(d, v[0], v[1]);
  v[0] = low;
}

template <class T>
HWY_INLINE void MirrorRows(Tableau<T>& t, std::int64_t first) {
  constexpr std::size_t side = 16 / sizeof(T);
  constexpr auto step = static_cast<std::int64_t>(side);
  const hn::FixedTag<T, side> d;
  for (std::int64_t k = 0; k < t.size; ++k) std::fill(t.row(k) + t.size, t.row(k) + t.padded_size(), T(0));
  const auto sign = [&](std::int64_t k) { return t.in_support[static_cast<std::size_t>(k)] != 0 ? T(-1) : T(1); };
  std::int64_t i = first;
  for (; i + step <= t.size; i += step) {
    std::int64_t k = 0;
    for (; k + step <= first; k += step) {
      hn::Vec<decltype(d)> v[side];
      for (std::size_t r = 0; r < side; ++r) v[r] = hn::LoadU(d, t.row(i + static_cast<std::int64_t>(r)) + k);
      TransposeBlock(d, v);
      for (std::int64_t r = 0; r < step; ++r) hn::StoreU(hn::Mul(v[r], hn::Set(d, sign(k + r))), d, t.row(k + r) + i);
    }
    for (; k < first; ++k) {
      for (std::int64_t r = i; r < i + step; ++r) t.row(k)[r] = sign(k) * t.row(r)[k];
    }
  }
  for (; i < t.size; ++i) {
    for (std::int64_t k = 0; k < first; ++k) t.row(k)[i] = sign(k) * t.row(i)[k];
  }
}

void PartGramRowF32(const Tableau<float>& t, std::int64_t size, const float* gram, float* row, float* coefs) {
  PartGramRow(t, size, gram, row, coefs);
}
void PartGramRowF64(const Tableau<double>& t, std::int64_t size, const double* gram, double* row, double* coefs) {
  PartGramRow(t, size, gram, row, coefs);
}
void AddRowsF32(const AddedRows<float>& sums) { AddRows(sums); }
void AddRowsF64(const AddedRows<double>& sums) { AddRows(sums); }
void MirrorRowsF32(Tableau<float>& t, std::int64_t first) { MirrorRows(t, first); }
void MirrorRowsF64(Tableau<double>& t, std::int64_t first) { MirrorRows(t, first); }

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(PartGramRowF32);
HWY_EXPORT(PartGramRowF64);
HWY_EXPORT(AddRowsF32);
HWY_EXPORT(AddRowsF64);
HWY_EXPORT(MirrorRowsF32);
HWY_EXPORT(MirrorRowsF64);

void part_gram_row(const Tableau<float>& t, std::int64_t size, const float* gram, float* row, float* coefs) {
  HWY_DYNAMIC_DISPATCH(PartGramRowF32)(t, size, gram, row, coefs);
}
void part_gram_row(const Tableau<double>& t, std::int64_t size, const double* gram, double* row, double* coefs) {
  HWY_DYNAMIC_DISPATCH(PartGramRowF64)(t, size, gram, row, coefs);
}
void add_rows(const AddedRows<float>& sums) { HWY_DYNAMIC_DISPATCH(AddRowsF32)(sums); }
void add_rows(const AddedRows<double>& sums) { HWY_DYNAMIC_DISPATCH(AddRowsF64)(sums); }
void mirror_rows(Tableau<float>& t, std::int64_t first) { HWY_DYNAMIC_DISPATCH(MirrorRowsF32)(t, first); }
void mirror_rows(Tableau<double>& t, std::int64_t first) { HWY_DYNAMIC_DISPATCH(MirrorRowsF64)(t, first); }

}  // namespace splice_cuda::cpu
#endif
