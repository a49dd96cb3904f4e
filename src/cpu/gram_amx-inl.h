// Gram matrices of int8 rows by AMX. Include guard per target, as Highway asks for.
#if defined(SPLICE_CPU_GRAM_AMX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_GRAM_AMX_INL_H_
#undef SPLICE_CPU_GRAM_AMX_INL_H_
#else
#define SPLICE_CPU_GRAM_AMX_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "cpu/amx_matrices-inl.h"
#include "cpu/int8_products.hpp"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3_DL && HWY_ARCH_X86_64

/// 16 rows [16, ld] to quads of 16 atoms side by side, [ld / 4, 16, 4].
HWY_INLINE void InterleaveRows(const std::int8_t* rows, std::int64_t ld, std::int8_t* out) {
  const hn::ScalableTag<std::int32_t> d;
  for (std::int64_t k = 0; k < ld; k += amx_bytes) {
    hn::Vec<decltype(d)> v[amx_side];
    for (std::int64_t i = 0; i < amx_side; ++i) v[i] = hn::Load(d, reinterpret_cast<const std::int32_t*>(rows + i * ld + k));
    Transpose(v);
    for (std::int64_t i = 0; i < amx_side; ++i) {
      hn::Store(v[i], d, reinterpret_cast<std::int32_t*>(out + k * amx_side + i * amx_bytes));
    }
  }
}

/// Sums of up to four times 16 rows at once: each waits for its own last product.
constexpr std::int64_t gram_blocks = 4;

/// sums[i, j] = <left_i, right_j> of `blocks` times 16 rows [16 blocks, ld] and 16 interleaved ones.
template <std::int64_t blocks>
HWY_INLINE void MultiplySides(const std::int8_t* left, const std::int8_t* right, std::int64_t ld, std::int32_t* sums) {
  static_assert(blocks >= 1 && blocks <= gram_blocks);
  asm volatile(
      "tilezero %%tmm0\n\t"
      "tilezero %%tmm1\n\t"
      "tilezero %%tmm2\n\t"
      "tilezero %%tmm3" : : : "memory");
#define SPLICE_ADD_PRODUCTS(sum, block)                                                                                  \
  asm volatile("tileloadd (%[left],%[ld],1), %%tmm" #block "\n\ttdpbssd %%tmm4, %%tmm" #block ", %%tmm" #sum            \
               : : [left] "r"(left + sum * amx_side * ld + k), [ld] "r"(ld) : "memory")
  for (std::int64_t k = 0; k < ld; k += amx_bytes) {
    asm volatile("tileloadd (%[right],%[stride],1), %%tmm4"
                 : : [right] "r"(right + k * amx_side), [stride] "r"(amx_bytes) : "memory");
    SPLICE_ADD_PRODUCTS(0, 5);
    if constexpr (blocks > 1) SPLICE_ADD_PRODUCTS(1, 6);
    if constexpr (blocks > 2) SPLICE_ADD_PRODUCTS(2, 7);
    if constexpr (blocks > 3) SPLICE_ADD_PRODUCTS(3, 5);
  }
#undef SPLICE_ADD_PRODUCTS
#define SPLICE_STORE_SUMS(sum)                                                    \
  asm volatile("tilestored %%tmm" #sum ", (%[sums],%[stride],1)"                  \
               : : [sums] "r"(sums + sum * amx_side * amx_side), [stride] "r"(amx_bytes) : "memory")
  SPLICE_STORE_SUMS(0);
  if constexpr (blocks > 1) SPLICE_STORE_SUMS(1);
  if constexpr (blocks > 2) SPLICE_STORE_SUMS(2);
  if constexpr (blocks > 3) SPLICE_STORE_SUMS(3);
#undef SPLICE_STORE_SUMS
}

/// As gram_int8.
HWY_INLINE void GramAmx(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t first, std::int64_t count,
                        float* HWY_RESTRICT gram, std::int64_t ld_gram, GramScratch& scratch) {
  const hn::ScalableTag<float> df;
  const hn::ScalableTag<std::int32_t> d;
  const std::int64_t ld = dictionary.ld;
  const std::int8_t* rows = scratch.bring(dictionary, atoms, count, amx_side);
  const float* scales = scratch.scales();
  std::int8_t* right = scratch.interleaved();
  std::int32_t* sums = scratch.sums();
  ShapeMatrices(0, amx_side);
  for (std::int64_t i = first; i < count; i += amx_side) {
    InterleaveRows(rows + i * ld, ld, right);
    for (std::int64_t begin = 0; begin < count; begin += gram_blocks * amx_side) {
      const std::int8_t* left = rows + begin * ld;
      switch (std::min(gram_blocks, (count - begin + amx_side - 1) / amx_side)) {
        case 1: MultiplySides<1>(left, right, ld, sums); break;
        case 2: MultiplySides<2>(left, right, ld, sums); break;
        case 3: MultiplySides<3>(left, right, ld, sums); break;
        default: MultiplySides<4>(left, right, ld, sums); break;
      }
      for (std::int64_t k = begin; k < std::min(begin + gram_blocks * amx_side, count); k += amx_side) {
        hn::Vec<decltype(d)> products[amx_side];
        for (std::int64_t j = 0; j < amx_side; ++j) products[j] = hn::Load(d, sums + (k - begin + j) * amx_side);
        Transpose(products);
        const auto lanes = hn::FirstN(df, static_cast<std::size_t>(count - k));
        const auto others = hn::Load(df, scales + k);
        for (std::int64_t j = 0; j < std::min(amx_side, count - i); ++j) {
          const auto scale = hn::Mul(hn::Set(df, scales[i + j]), others);
          hn::BlendedStore(hn::Mul(hn::ConvertTo(df, products[j]), scale), lanes, df, gram + (i - first + j) * ld_gram + k);
        }
      }
    }
  }
  ReleaseMatrices();
}

#endif

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
