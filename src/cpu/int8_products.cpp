#include "cpu/int8_products.hpp"

#include <algorithm>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/int8_products.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/amx.hpp"
#include "cpu/gram_amx-inl.h"
#include "cpu/int8_dot-inl.h"
#include "cpu/load_atom-inl.h"
#include "cpu/rows_of_four-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI32 = hn::ScalableTag<std::int32_t>;
using VI32 = hn::Vec<DI32>;

/// The quads of one vector of a row of int8.
HWY_INLINE VI32 LoadQuads(DI32 d, const std::int8_t* bytes) {
  const hn::Repartition<std::int8_t, DI32> d8;
  return hn::BitCast(d, hn::LoadU(d8, bytes));
}

HWY_INLINE std::int64_t BytesPerVector() {
  return static_cast<std::int64_t>(hn::Lanes(hn::Repartition<std::int8_t, DI32>()));
}

HWY_INLINE void PrefetchRow(const std::int8_t* row, std::int64_t bytes) {
  for (std::int64_t k = 0; k < bytes; k += 64) hwy::Prefetch(row + k);
}

void DotAtomsInt8(const CpuDictionary& dictionary, const float* HWY_RESTRICT weights,
                  const std::int32_t* atoms, std::int64_t count,
                  const std::int8_t* HWY_RESTRICT q, const QuantizedRow& quantized,
                  float* HWY_RESTRICT out) {
  const DI32 d;
  const auto row_of = [&](std::int32_t atom) { return dictionary.atom8(atom); };
  for (std::int64_t i = 0; i < std::min(rows_ahead, count); ++i) PrefetchRow(row_of(atoms[i]), dictionary.ld);
  for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(block)) {
    const std::int8_t* rows[block];
    VI32 sum[block];
    for (std::int64_t i = first + rows_ahead; i < std::min(first + rows_ahead + static_cast<std::int64_t>(block), count); ++i) {
      PrefetchRow(row_of(atoms[i]), dictionary.ld);
    }
    FindRows(atoms, first, count, row_of, rows);
    for (std::size_t i = 0; i < block; ++i) sum[i] = hn::Zero(d);
    for (std::int64_t k = 0; k < dictionary.ld; k += BytesPerVector()) {
      const QuadRow<DI32> row = MakeQuadRow(d, LoadQuads(d, q + k));
      for (std::size_t i = 0; i < block; ++i) sum[i] = AddQuadProducts(d, sum[i], row, LoadQuads(d, rows[i] + k));
    }
    std::int32_t totals[block];
    StoreSums(d, sum, totals);
    for (std::size_t i = 0; i < block && first + static_cast<std::int64_t>(i) < count; ++i) {
      const std::int32_t atom = atoms[first + static_cast<std::int64_t>(i)];
      const std::int32_t total = ProductOfBytes(totals[i], dictionary.row_sum[atom]);
      out[first + static_cast<std::int64_t>(i)] = static_cast<float>(total) * weights[atom] * quantized.scale;
    }
  }
}

/// Rows on the left that four atoms on the right are multiplied with at once: as many as there are registers for.
constexpr std::size_t gram_rows = HWY_TARGET == HWY_AVX3_DL ? 4 : 2;

/// Integer products of the rows on the left with those on the right, [gram_rows, block]. Written out by `place`: sums that
/// only constants index stay in registers.
template <std::size_t... place>
HWY_INLINE void MultiplyRows(const std::int8_t* const (&left)[gram_rows], const std::int8_t* const (&right)[block],
                             std::int64_t ld, std::int32_t (&totals)[gram_rows][block], std::index_sequence<place...>) {
  const DI32 d;
  VI32 sums[gram_rows * block];
  ((sums[place] = hn::Zero(d)), ...);
  for (std::int64_t k = 0; k < ld; k += BytesPerVector()) {
    QuadRow<DI32> rows[gram_rows];
    VI32 quads[block];
    for (std::size_t i = 0; i < gram_rows; ++i) rows[i] = MakeQuadRow(d, LoadQuads(d, left[i] + k));
    for (std::size_t j = 0; j < block; ++j) quads[j] = LoadQuads(d, right[j] + k);
    ((sums[place] = AddQuadProducts(d, sums[place], rows[place / block], quads[place % block])), ...);
    (KeepInPlace(sums[place]), ...);
  }
  VI32 done[gram_rows][block];
  ((done[place / block][place % block] = sums[place]), ...);
  for (std::size_t i = 0; i < gram_rows; ++i) StoreSums(d, done[i], totals[i]);
}

void GramInt8(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t first, std::int64_t count,
              float* HWY_RESTRICT gram, std::int64_t ld_gram, GramScratch& scratch) {
#if HWY_TARGET == HWY_AVX3_DL && HWY_ARCH_X86_64
  if (amx_usable()) {
    GramAmx(dictionary, atoms, first, count, gram, ld_gram, scratch);
    return;
  }
#endif
  (void)scratch;
  const auto row_of = [&](std::int32_t atom) { return dictionary.atom8(atom); };
  for (std::int64_t i = first; i < count; ++i) PrefetchRow(row_of(atoms[i]), dictionary.ld);
  constexpr auto n = static_cast<std::int64_t>(gram_rows);
  constexpr auto width = static_cast<std::int64_t>(block);
  for (std::int64_t right = 0; right < count; right += width) {
    const std::int8_t* right_rows[block];
    FindRows(atoms, right, count, row_of, right_rows);
    float scales[block];
    std::int32_t sums[block];
    for (std::size_t j = 0; j < block; ++j) {
      const std::int32_t atom = atoms[std::min(right + static_cast<std::int64_t>(j), count - 1)];
      scales[j] = dictionary.scale[atom];
      sums[j] = dictionary.row_sum[atom];
    }
    // Of the new atoms with each other, those on the right come first: the others are the same.
    for (std::int64_t left = std::max(first, right / n * n); left < count; left += n) {
      const std::int8_t* left_rows[gram_rows];
      for (std::size_t i = 0; i < gram_rows; ++i) {
        left_rows[i] = row_of(atoms[std::min(left + static_cast<std::int64_t>(i), count - 1)]);
      }
      std::int32_t totals[gram_rows][block];
      MultiplyRows(left_rows, right_rows, dictionary.ld, totals, std::make_index_sequence<gram_rows * block>());
      for (std::int64_t i = left; i < std::min(left + n, count); ++i) {
        const float scale = dictionary.scale[atoms[i]];
        float* row = gram + (i - first) * ld_gram + right;
        float products[block];
        for (std::size_t j = 0; j < block; ++j) {
          products[j] = static_cast<float>(ProductOfBytes(totals[i - left][j], sums[j])) * (scale * scales[j]);
        }
        CopyFirst(products, count - right, row);
        for (std::int64_t k = std::max(first, right); k < std::min(right + width, count); ++k) {
          gram[(k - first) * ld_gram + i] = products[k - right];
        }
      }
    }
  }
}

/// `n` vectors of r stay in registers while all atoms pass by.
template <std::size_t n>
HWY_INLINE void ResidualInt8Columns(const CpuDictionary& dictionary, const float* HWY_RESTRICT z, const std::int32_t* atoms,
                                    const float* HWY_RESTRICT weights, std::int64_t count, std::int64_t k,
                                    float* HWY_RESTRICT r) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sum[n];
  for (std::size_t b = 0; b < n; ++b) sum[b] = hn::LoadU(d, z + k + static_cast<std::int64_t>(b) * lanes);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int8_t* atom = dictionary.atom8(atoms[i]) + k;
    const auto weight = hn::Set(d, weights[i] * dictionary.scale[atoms[i]]);
    for (std::size_t b = 0; b < n; ++b) {
      sum[b] = hn::NegMulAdd(weight, LoadBytes(d, atom + static_cast<std::int64_t>(b) * lanes), sum[b]);
    }
  }
  for (std::size_t b = 0; b < n; ++b) hn::StoreU(sum[b], d, r + k + static_cast<std::int64_t>(b) * lanes);
}

void ResidualInt8(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const float* weights,
                  std::int64_t count, float* r) {
  constexpr std::size_t n = hn::MaxLanes(hn::ScalableTag<float>()) >= 16 ? 4 : 8;  // ld is a multiple of 64
  const auto step = static_cast<std::int64_t>(n * hn::Lanes(hn::ScalableTag<float>()));
  for (std::int64_t k = 0; k < dictionary.ld; k += step) {
    ResidualInt8Columns<n>(dictionary, z, atoms, weights, count, k, r);
  }
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(DotAtomsInt8);
HWY_EXPORT(GramInt8);
HWY_EXPORT(ResidualInt8);

void dot_atoms_int8(const CpuDictionary& dictionary, const float* weights, const std::int32_t* atoms,
                    std::int64_t count, const std::int8_t* q, const QuantizedRow& quantized, float* out) {
  HWY_DYNAMIC_DISPATCH(DotAtomsInt8)(dictionary, weights, atoms, count, q, quantized, out);
}
void gram_int8(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t first, std::int64_t count,
               float* gram, std::int64_t ld_gram, GramScratch& scratch) {
  HWY_DYNAMIC_DISPATCH(GramInt8)(dictionary, atoms, first, count, gram, ld_gram, scratch);
}
void residual_int8(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const float* weights,
                   std::int64_t count, float* r) {
  HWY_DYNAMIC_DISPATCH(ResidualInt8)(dictionary, z, atoms, weights, count, r);
}

}  // namespace splice_cuda::cpu
#endif
