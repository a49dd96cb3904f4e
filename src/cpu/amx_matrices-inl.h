// The matrix registers of AMX, and how int8 rows are brought into the form that their products want on the right. Include
// guard per target, as Highway asks for.
#if defined(SPLICE_CPU_AMX_MATRICES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_AMX_MATRICES_INL_H_
#undef SPLICE_CPU_AMX_MATRICES_INL_H_
#else
#define SPLICE_CPU_AMX_MATRICES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3_DL && HWY_ARCH_X86_64

/// Rows of a matrix register, and int32 numbers or quads of bytes of such a row.
constexpr std::int64_t amx_side = 16;
/// Bytes of such a row.
constexpr std::int64_t amx_bytes = 64;

/// What `ldtilecfg` reads (Intel SDM, vol. 1, 18.3).
struct alignas(64) AmxShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes_a_row[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(AmxShapes) == 64);

/// Takes the registers into use: 16 rows of 64 bytes each, the first `shorter` of them with `rows` rows.
HWY_INLINE void ShapeMatrices(std::size_t shorter, std::int64_t rows) {
  AmxShapes shapes;
  for (std::size_t i = 0; i < 8; ++i) {
    shapes.bytes_a_row[i] = amx_bytes;
    shapes.rows[i] = static_cast<std::uint8_t>(i < shorter ? rows : amx_side);
  }
  asm volatile("ldtilecfg %0" : : "m"(shapes) : "memory");
}

/// Gives the registers back: a thread that holds them is dearer to switch.
HWY_INLINE void ReleaseMatrices() { asm volatile("tilerelease" : : : "memory"); }

/// 16 vectors of 16 numbers, rows to columns.
HWY_INLINE void Transpose(hn::Vec<hn::ScalableTag<std::int32_t>> (&v)[amx_side]) {
  __m512i pairs[amx_side];
  __m512i fours[amx_side];
  for (std::size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(v[i].raw, v[i + 1].raw);
    pairs[i + 1] = _mm512_unpackhi_epi32(v[i].raw, v[i + 1].raw);
  }
  for (std::size_t i = 0; i < 16; i += 4) {  // column j, 4 + j, 8 + j and 12 + j of rows i to i + 3
    fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (std::size_t j = 0; j < 4; ++j) {
    const __m512i even_a = _mm512_shuffle_i32x4(fours[j], fours[4 + j], 0x88);
    const __m512i even_b = _mm512_shuffle_i32x4(fours[8 + j], fours[12 + j], 0x88);
    const __m512i odd_a = _mm512_shuffle_i32x4(fours[j], fours[4 + j], 0xdd);
    const __m512i odd_b = _mm512_shuffle_i32x4(fours[8 + j], fours[12 + j], 0xdd);
    v[j].raw = _mm512_shuffle_i32x4(even_a, even_b, 0x88);
    v[8 + j].raw = _mm512_shuffle_i32x4(even_a, even_b, 0xdd);
    v[4 + j].raw = _mm512_shuffle_i32x4(odd_a, odd_b, 0x88);
    v[12 + j].raw = _mm512_shuffle_i32x4(odd_a, odd_b, 0xdd);
  }
}

#endif

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
