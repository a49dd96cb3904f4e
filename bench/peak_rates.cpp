#include "peak_rates.hpp"

#include "cpu/amx.hpp"

namespace splice_cuda::bench {

#if defined(__x86_64__)
namespace {

// Assembly, so that no compiler option changes what is measured. Twelve accumulators: latency 4 or 5, two a
// cycle. Registers 12 to 15 are the operands; what they hold does not matter, zeros slow nothing down.
#define SPLICE_TWELVE(one)                                                                            \
  one("0") one("1") one("2") one("3") one("4") one("5") one("6") one("7") one("8") one("9") one("10") \
      one("11")
#define SPLICE_LOOP(zero, one)                                                                         \
  asm volatile(SPLICE_TWELVE(zero) zero("12") zero("13") zero("14")                                    \
                   zero("15") ".p2align 6\n1:\n\t" SPLICE_TWELVE(one)                                  \
                       SPLICE_TWELVE(one) "dec %0\n\tjnz 1b\n\tvzeroupper"                             \
               : "+r"(turns)                                                                           \
               :                                                                                       \
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                 "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")
#define SPLICE_ZERO(n) "vpxor %%xmm" n ",%%xmm" n ",%%xmm" n "\n\t"
#define SPLICE_FMA_YMM(n) "vfmadd231ps %%ymm12,%%ymm13,%%ymm" n "\n\t"
#define SPLICE_FMA_ZMM(n) "vfmadd231ps %%zmm12,%%zmm13,%%zmm" n "\n\t"
#define SPLICE_VNNI_ZMM(n) "vpdpbusd %%zmm12,%%zmm13,%%zmm" n "\n\t"
#define SPLICE_MADD_YMM(n) "vpmaddwd %%ymm12,%%ymm13,%%ymm" n "\n\t"

constexpr std::int64_t instructions_a_turn = 24;

void run_fma_ymm(std::int64_t turns) { SPLICE_LOOP(SPLICE_ZERO, SPLICE_FMA_YMM); }
void run_fma_zmm(std::int64_t turns) { SPLICE_LOOP(SPLICE_ZERO, SPLICE_FMA_ZMM); }
void run_vnni_zmm(std::int64_t turns) { SPLICE_LOOP(SPLICE_ZERO, SPLICE_VNNI_ZMM); }
void run_madd_ymm(std::int64_t turns) { SPLICE_LOOP(SPLICE_ZERO, SPLICE_MADD_YMM); }

/// Four sums of 16 x 16 numbers, 64 products each: independent of each other.
void run_amx(std::int64_t turns) {
  struct alignas(64) {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shapes;
  asm volatile("ldtilecfg %0" : : "m"(shapes) : "memory");
  asm volatile(
      ".p2align 6\n1:\n\t"
      "tdpbsud %%tmm6, %%tmm4, %%tmm0\n\t"
      "tdpbsud %%tmm7, %%tmm4, %%tmm1\n\t"
      "tdpbsud %%tmm6, %%tmm5, %%tmm2\n\t"
      "tdpbsud %%tmm7, %%tmm5, %%tmm3\n\t"
      "dec %0\n\tjnz 1b\n\ttilerelease"
      : "+r"(turns) : : "cc", "memory");
}

}  // namespace

PeakLoop int8_peak() {
  if (cpu::amx_usable()) return {"tdpbsud, 16 x 64 with 64 x 16 bytes", std::int64_t{4} * 16 * 16 * 64, run_amx};
  if (__builtin_cpu_supports("avx512vnni") != 0) {
    return {"vpdpbusd, 64 bytes", instructions_a_turn * 64, run_vnni_zmm};
  }
  if (__builtin_cpu_supports("avx2") != 0) {
    return {"vpmaddwd, 32 bytes", instructions_a_turn * 16, run_madd_ymm};
  }
  return {};
}

PeakLoop fp32_peak() {
  if (__builtin_cpu_supports("avx512f") != 0)
    return {"vfmadd231ps, 64 bytes", instructions_a_turn * 16, run_fma_zmm};
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    return {"vfmadd231ps, 32 bytes", instructions_a_turn * 8, run_fma_ymm};
  }
  return {};
}

#else

PeakLoop int8_peak() { return {}; }
PeakLoop fp32_peak() { return {}; }

#endif

}  // namespace splice_cuda::bench
