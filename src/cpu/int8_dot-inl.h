// Sums of products of int8 pairs and quads, for the target being compiled. Include guard per target, as Highway
// asks for.
#if defined(SPLICE_CPU_INT8_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_INT8_DOT_INL_H_
#undef SPLICE_CPU_INT8_DOT_INL_H_
#else
#define SPLICE_CPU_INT8_DOT_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// True where the processor multiplies quads of bytes in one instruction (AVX-512 VNNI).
inline constexpr bool has_quad_dot = HWY_TARGET == HWY_AVX3_DL;

#if HWY_TARGET == HWY_AVX3_DL
/// sum + u[4i] s[4i] + ... + u[4i+3] s[4i+3] for each i: u unsigned, s signed bytes. Highway selects this
/// target only where VNNI is there, but does not tell the compiler so: hence assembly for the one
/// instruction.
template <class VI32>
HWY_INLINE VI32 QuadDot(VI32 sum, VI32 u, VI32 s) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(u.raw), "v"(s.raw));
  return sum;
}
#endif

/// a[2i] b[2i] + a[2i+1] b[2i+1] for each i, exactly, of int16 given as int32 vectors of pairs.
template <class DI32, class VI32 = hn::Vec<DI32>>
HWY_INLINE VI32 PairDot(DI32 d, VI32 a, VI32 b) {
#if HWY_TARGET == HWY_SSSE3 || HWY_TARGET == HWY_SSE4
  (void)d;
  return VI32{_mm_madd_epi16(a.raw, b.raw)};
#elif HWY_TARGET == HWY_AVX2
  (void)d;
  return VI32{_mm256_madd_epi16(a.raw, b.raw)};
#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  (void)d;
  return VI32{_mm512_madd_epi16(a.raw, b.raw)};
#else
  (void)d;
  const auto even_a = hn::ShiftRight<16>(hn::ShiftLeft<16>(a));
  const auto even_b = hn::ShiftRight<16>(hn::ShiftLeft<16>(b));
  return hn::Add(hn::Mul(even_a, even_b), hn::Mul(hn::ShiftRight<16>(a), hn::ShiftRight<16>(b)));
#endif
}

#if HWY_TARGET == HWY_AVX2
/// a[4i] b[4i] + ... + a[4i+3] b[4i+3] for each i, exactly, of bytes in [-127, 127]: |a| times b with a's sign. Sums of
/// two such products fit int16.
template <class VI32>
HWY_INLINE VI32 SignedQuadDot(VI32 magnitude_a, VI32 a, VI32 b) {
  const __m256i pairs = _mm256_maddubs_epi16(magnitude_a.raw, _mm256_sign_epi8(b.raw, a.raw));
  return VI32{_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))};
}
#elif HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
template <class VI32>
HWY_INLINE VI32 SignedQuadDot(VI32 magnitude_a, VI32 a, VI32 b) {
  const __m128i pairs = _mm_maddubs_epi16(magnitude_a.raw, _mm_sign_epi8(b.raw, a.raw));
  return VI32{_mm_madd_epi16(pairs, _mm_set1_epi16(1))};
}
#endif

/// Quads of signed bytes, as int32 lanes, split into int16 pairs: bytes 0 and 2 ...
template <class DI32, class VI32 = hn::Vec<DI32>>
HWY_INLINE VI32 EvenBytes(DI32 d, VI32 quads) {
  const hn::Repartition<std::int16_t, DI32> d16;
  return hn::BitCast(d, hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(d16, quads))));
}
/// ... and bytes 1 and 3.
template <class DI32, class VI32 = hn::Vec<DI32>>
HWY_INLINE VI32 OddBytes(DI32 d, VI32 quads) {
  const hn::Repartition<std::int16_t, DI32> d16;
  return hn::BitCast(d, hn::ShiftRight<8>(hn::BitCast(d16, quads)));
}

/// A vector of quads of bytes in [-127, 127] as the left side of many products, split or biased once.
template <class DI32>
struct QuadRow {
  hn::Vec<DI32> first;
  hn::Vec<DI32> second;
};

template <class DI32, class VI32 = hn::Vec<DI32>>
HWY_INLINE QuadRow<DI32> MakeQuadRow(DI32 d, VI32 bytes) {
#if HWY_TARGET == HWY_AVX3_DL
  const VI32 biased = hn::Xor(bytes, hn::Set(d, static_cast<std::int32_t>(0x80808080u)));
  return {biased, biased};
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
  const hn::Repartition<std::int8_t, DI32> d8;
  return {hn::BitCast(d, hn::Abs(hn::BitCast(d8, bytes))), bytes};
#else
  return {EvenBytes(d, bytes), OddBytes(d, bytes)};
#endif
}

/// sum + the products of four bytes each. The sum over all lanes is the product of the rows, but where `has_quad_dot`: there
/// it is more by 128 times the sum of the atom's bytes (ProductOfBytes).
template <class DI32, class VI32 = hn::Vec<DI32>>
HWY_INLINE VI32 AddQuadProducts(DI32 d, VI32 sum, const QuadRow<DI32>& row, VI32 atom) {
#if HWY_TARGET == HWY_AVX3_DL
  (void)d;
  return QuadDot(sum, row.first, atom);
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
  (void)d;
  return hn::Add(sum, SignedQuadDot(row.first, row.second, atom));
#else
  return hn::Add(sum, hn::Add(PairDot(d, row.first, EvenBytes(d, atom)), PairDot(d, row.second, OddBytes(d, atom))));
#endif
}

/// @param total  of AddQuadProducts' lanes
HWY_INLINE std::int32_t ProductOfBytes(std::int32_t total, std::int32_t atom_sum) {
  return has_quad_dot ? total - 128 * atom_sum : total;
}

/// Keeps an accumulator in one register: GCC otherwise reassociates integer sums across the turns of a loop, and
/// copies and spills what it has no registers for.
template <class V>
HWY_INLINE void KeepInPlace(V& accumulator) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  asm("" : "+v"(accumulator.raw));
#elif HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128
  asm("" : "+x"(accumulator.raw));
#else
  (void)accumulator;
#endif
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
