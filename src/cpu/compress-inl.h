// Lanes that a mask selects, to consecutive places in memory. Include guard per target, as Highway asks for.
#if defined(SPLICE_CPU_COMPRESS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_COMPRESS_INL_H_
#undef SPLICE_CPU_COMPRESS_INL_H_
#else
#define SPLICE_CPU_COMPRESS_INL_H_
#endif

#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Bit i: lane i is selected.
template <class D, class M>
HWY_INLINE std::uint64_t MaskBits(D d, M mask) {
  std::uint8_t bytes[8] = {};
  static_assert(hn::MaxLanes(D()) <= 64);
  hn::StoreMaskBits(d, mask, bytes);
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes, sizeof(bits));
  return bits;
}

/// Writes the selected lanes of `v` to out[0 ...] and up to a vector's length beyond them. AVX-512 has an instruction
/// for it. Elsewhere Highway 1.0's Compress looks a permutation up in a table that GCC copies to the stack at each call
/// (1 KiB with AVX2, half of the time of a screening that emits many candidates), hence lane by lane: few are selected.
template <class D, class V, class M>
HWY_INLINE void StoreSelected(D d, V v, M mask, hn::TFromD<D>* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  hn::StoreU(hn::Compress(v, mask), d, out);
#else
  HWY_ALIGN hn::TFromD<D> lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  for (std::uint64_t bits = MaskBits(d, mask); bits != 0; bits &= bits - 1) *out++ = lanes[__builtin_ctzll(bits)];
#endif
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
