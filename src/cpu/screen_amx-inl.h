// Screening by AMX, for processors that have it beside AVX-512 VNNI: 32 rows x 32 atoms at once in four matrix registers.
// Include guard per target, as Highway asks for.
#if defined(SPLICE_CPU_SCREEN_AMX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_SCREEN_AMX_INL_H_
#undef SPLICE_CPU_SCREEN_AMX_INL_H_
#else
#define SPLICE_CPU_SCREEN_AMX_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include <hwy/highway.h>

#include "cpu/amx_matrices-inl.h"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/screen.hpp"
#include "cpu/screen_emit-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3_DL && HWY_ARCH_X86_64

/// Rows that pass over a panel at once. Matrix registers 0 to 3 hold sums of rows (high bit) and atoms (low bit), 4 and 5
/// rows, 6 and 7 atoms.
constexpr std::int64_t amx_rows = widest_screen_group;
static_assert(amx_rows == 2 * amx_side && panel_atoms == 2 * amx_side);

/// Sums of a panel's atoms with up to amx_rows rows, of which `done` have their candidates in their lists.
struct AmxSums {
  const std::int32_t* sums = nullptr;  ///< [amx_rows, panel_atoms]
  std::int64_t atom = 0;               ///< the panel's first
  const ScreenRow* rows = nullptr;     ///< [count]
  std::int64_t count = 0;
  std::int64_t done = 0;
};

/// Appends what passes of some more rows, at most amx_side. First who has any, then their lists: a branch for each vector of
/// sums would be guessed wrongly as often as some atom passes.
template <bool both_signs>
HWY_INLINE void EmitSome(AmxSums& block, const AtomScales& scales, std::int64_t some) {
  const hn::ScalableTag<std::int32_t> d;
  const std::int64_t first = block.done;
  const std::int64_t end = std::min(first + some, block.count);
  const auto test = [&](std::int64_t i, std::int64_t half) HWY_ATTR {
    const auto sum = hn::Load(d, block.sums + i * panel_atoms + half * amx_side);
    return Test<both_signs>(hn::Add(sum, hn::Set(d, block.rows[i].bias)), scales, block.atom + half * amx_side,
                            block.rows[i]);
  };
  std::uint32_t any = 0;
  for (std::int64_t i = first; i < end; ++i) {
    const auto passes = hn::Or(test(i, 0).passes, test(i, 1).passes);
    any |= static_cast<std::uint32_t>(!hn::AllFalse(hn::ScalableTag<float>(), passes)) << (i - first);
  }
  for (; any != 0; any &= any - 1) {
    const std::int64_t i = first + __builtin_ctz(any);
    Append(test(i, 0), block.atom, block.rows[i]);
    Append(test(i, 1), block.atom + amx_side, block.rows[i]);
  }
  block.done = end;
}

/// Sums of one or two registers of rows with a panel's atoms; `meanwhile` is called in each of the ld / 64 turns, for work
/// that does not need these sums. The compiler's own intrinsics want the whole target to have AMX.
/// @param rows   [16 or 32, ld]
/// @param sums   [16 or 32, panel_atoms]
template <bool two, class Meanwhile>
HWY_INLINE void MultiplyMatrices(const std::int8_t* rows, const std::uint8_t* panel, std::int64_t ld, std::int32_t* sums,
                                 Meanwhile meanwhile) {
  asm volatile(
      "tilezero %%tmm0\n\t"
      "tilezero %%tmm1\n\t"
      "tilezero %%tmm2\n\t"
      "tilezero %%tmm3"
      : : : "memory");
  for (std::int64_t k = 0; k < ld; k += amx_bytes) {
    const std::uint8_t* atoms = panel + k * panel_atoms;
    asm volatile(
        "tileloadd (%[rows],%[ld],1), %%tmm4\n\t"
        "tileloadd (%[atoms],%[stride],1), %%tmm6\n\t"
        "tdpbsud %%tmm6, %%tmm4, %%tmm0\n\t"
        "tileloadd 64(%[atoms],%[stride],1), %%tmm7\n\t"
        "tdpbsud %%tmm7, %%tmm4, %%tmm1"
        : : [rows] "r"(rows + k), [ld] "r"(ld), [atoms] "r"(atoms), [stride] "r"(4 * panel_atoms) : "memory");
    if constexpr (two) {
      asm volatile(
          "tileloadd (%[rows],%[ld],1), %%tmm5\n\t"
          "tdpbsud %%tmm6, %%tmm5, %%tmm2\n\t"
          "tdpbsud %%tmm7, %%tmm5, %%tmm3"
          : : [rows] "r"(rows + amx_side * ld + k), [ld] "r"(ld) : "memory");
    }
    meanwhile();
  }
  asm volatile(
      "tilestored %%tmm0, (%[sums],%[stride],1)\n\t"
      "tilestored %%tmm1, 64(%[sums],%[stride],1)"
      : : [sums] "r"(sums), [stride] "r"(4 * panel_atoms) : "memory");
  if constexpr (two) {
    asm volatile(
        "tilestored %%tmm2, (%[sums],%[stride],1)\n\t"
        "tilestored %%tmm3, 64(%[sums],%[stride],1)"
        : : [sums] "r"(sums + amx_side * panel_atoms), [stride] "r"(4 * panel_atoms) : "memory");
  }
}

/// @param scratch  two times [amx_rows, panel_atoms] sums, then [round_up(count, 16), ld] rows
template <bool both_signs>
void ScreenTileAmx(const CpuDictionary& dictionary, const AtomScales& scales, std::int64_t count, const ScreenRow* rows,
                   std::int32_t* scratch) {
  const std::int64_t ld = dictionary.ld;
  std::int32_t* sums = scratch;
  std::int32_t* other_sums = scratch + amx_rows * panel_atoms;
  auto* packed = reinterpret_cast<std::int8_t*>(scratch + 2 * amx_rows * panel_atoms);
  const std::int64_t height = std::min(count, amx_side);  // few rows alone take less time
  for (std::int64_t i = 0; i < count; ++i) std::memcpy(packed + i * ld, rows[i].q, static_cast<std::size_t>(ld));
  std::memset(packed + count * ld, 0, static_cast<std::size_t>((round_up(count, height) - count) * ld));
  ShapeMatrices(6, height);
  // While a block is multiplied, which takes one port of the processor, the one before is looked through by the others. Denser
  // use of AMX lowers the processor's clock for longer than it is used (docs/design.md).
  const std::int64_t turns = ld / amx_bytes;
  const std::int64_t some = std::min((amx_rows + turns - 1) / turns, amx_side);
  // And the next panel comes: this many bytes of it in each turn of a block.
  const std::int64_t ahead = round_up(amx_bytes * panel_atoms / ((count + amx_rows - 1) / amx_rows), amx_bytes);
  AmxSums before;
  for (std::int64_t panel = 0; panel < dictionary.panels; ++panel) {
    const std::uint8_t* atoms = dictionary.panels8.get() + panel * panel_atoms * ld;
    const std::uint8_t* next = atoms + panel_atoms * ld;
    for (std::int64_t first = 0; first < count; first += amx_rows) {
      const auto meanwhile = [&]() HWY_ATTR {
        for (std::int64_t i = 0; i < ahead; i += amx_bytes) __builtin_prefetch(next + i, 0, 2);
        next += ahead;
        EmitSome<both_signs>(before, scales, some);
      };
      if (count - first > amx_side) {
        MultiplyMatrices<true>(packed + first * ld, atoms, ld, sums, meanwhile);
      } else {
        MultiplyMatrices<false>(packed + first * ld, atoms, ld, sums, meanwhile);
      }
      while (before.done < before.count) EmitSome<both_signs>(before, scales, amx_side);
      before = {sums, panel * panel_atoms, rows + first, std::min(amx_rows, count - first), 0};
      std::swap(sums, other_sums);
    }
  }
  while (before.done < before.count) EmitSome<both_signs>(before, scales, amx_side);
  ReleaseMatrices();
}

#endif

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
