#include "cpu/screen.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/screen.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/amx.hpp"
#include "cpu/int8_dot-inl.h"
#include "cpu/screen_amx-inl.h"
#include "cpu/screen_emit-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI32 = hn::ScalableTag<std::int32_t>;
using VI32 = hn::Vec<DI32>;

#if HWY_TARGET == HWY_AVX3_DL

/// Byte k % 4 of quad k / 4 of row i to out[(k / 4) * 4 * screen_group + i * 4 + k % 4]; zeros past `count` rows.
HWY_INLINE void PackRows(const ScreenRow* rows, std::int64_t count, std::int64_t ld, std::int8_t* out) {
  std::memset(out, 0, static_cast<std::size_t>(ld * screen_group));
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = 0; k < ld; k += 4) std::memcpy(out + k * screen_group + i * 4, rows[i].q + k, 4);
  }
}

/// `count` <= 8 rows x 32 atoms by VNNI: 16 accumulators, the row's quads as embedded broadcasts.
template <bool both_signs>
HWY_INLINE void ScreenPanel(const std::uint8_t* panel, std::int64_t ld, const AtomScales& scales,
                            std::int64_t first_atom, const std::int8_t* packed, const ScreenRow* rows, std::int64_t count) {
  const DI32 d;
  constexpr std::size_t n = screen_group;
  VI32 low[n];
  VI32 high[n];
  for (std::size_t i = 0; i < n; ++i) low[i] = high[i] = hn::Zero(d);
  const auto* row_quads = reinterpret_cast<const std::int32_t*>(packed);
  const auto* atom_quads = reinterpret_cast<const std::int32_t*>(panel);
  for (std::int64_t quad = 0; quad < ld / 4; ++quad) {
    const VI32 atoms_low = hn::Load(d, atom_quads);
    const VI32 atoms_high = hn::Load(d, atom_quads + 16);
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < n; ++i) {
      const VI32 row = hn::Set(d, row_quads[i]);
      low[i] = QuadDot(low[i], atoms_low, row);
      high[i] = QuadDot(high[i], atoms_high, row);
    }
    atom_quads += panel_atoms;
    row_quads += screen_group;
  }
  for (std::size_t i = 0; i < n && static_cast<std::int64_t>(i) < count; ++i) {
    const VI32 bias = hn::Set(d, rows[i].bias);
    Emit<both_signs>(hn::Add(low[i], bias), scales, first_atom, rows[i]);
    Emit<both_signs>(hn::Add(high[i], bias), scales, first_atom + 16, rows[i]);
  }
}

template <bool both_signs>
void ScreenTileSigned(const CpuDictionary& dictionary, const AtomScales& scales, std::int64_t count, const ScreenRow* rows,
                      std::int32_t* scratch) {
#if HWY_ARCH_X86_64
  if (amx_usable()) {
    ScreenTileAmx<both_signs>(dictionary, scales, count, rows, scratch);
    return;
  }
#endif
  auto* packed = reinterpret_cast<std::int8_t*>(scratch);
  for (std::int64_t first = 0; first < count; first += screen_group) {
    PackRows(rows + first, std::min(screen_group, count - first), dictionary.ld, packed + first * dictionary.ld);
  }
  // A panel (32 x ld bytes) stays in the first-level cache while all rows of the tile pass by.
  for (std::int64_t panel = 0; panel < dictionary.panels; ++panel) {
    const std::uint8_t* atoms = dictionary.panels8.get() + panel * panel_atoms * dictionary.ld;
    for (std::int64_t first = 0; first < count; first += screen_group) {
      ScreenPanel<both_signs>(atoms, dictionary.ld, scales, panel * panel_atoms, packed + first * dictionary.ld,
                              rows + first, std::min(screen_group, count - first));
    }
  }
}

#else

// Any other target multiplies pairs of int16. Quads of bytes are split into two such pairs before the tile passes
// by, rows once a tile and atoms once a strip: in the inner loop that would cost as much as the products.

/// Rows that the inner loop takes at once; with two vectors of atoms, 8 accumulators: as many as 16 registers allow.
constexpr std::int64_t split_rows = 4;

/// The quads of up to screen_group rows as pairs: [ld / 4, 2, screen_group], zeros past `count` rows.
HWY_INLINE void SplitRows(const ScreenRow* rows, std::int64_t count, std::int64_t quads, std::int32_t* out) {
  std::memset(out, 0, static_cast<std::size_t>(2 * quads * screen_group) * sizeof(*out));
  const hn::FixedTag<std::int32_t, 4> d;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t quad = 0; quad < quads; quad += 4) {
      const auto bytes = hn::BitCast(d, hn::LoadU(hn::Repartition<std::int8_t, decltype(d)>(), rows[i].q + 4 * quad));
      HWY_ALIGN std::int32_t even[4];
      HWY_ALIGN std::int32_t odd[4];
      hn::Store(EvenBytes(d, bytes), d, even);
      hn::Store(OddBytes(d, bytes), d, odd);
      for (std::int64_t k = 0; k < 4; ++k) {
        out[(2 * (quad + k)) * screen_group + i] = even[k];
        out[(2 * (quad + k) + 1) * screen_group + i] = odd[k];
      }
    }
  }
}

/// The quads of `width` atoms of a panel as pairs, their bias taken off: [ld / 4, 2, width].
HWY_INLINE void SplitAtoms(const std::uint8_t* panel, std::int64_t first, std::int64_t width, std::int64_t quads,
                           std::int32_t* out) {
  const DI32 d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const VI32 unbias = hn::Set(d, static_cast<std::int32_t>(0x80808080u));
  const auto* source = reinterpret_cast<const std::int32_t*>(panel) + first;
  for (std::int64_t quad = 0; quad < quads; ++quad) {
    for (std::int64_t i = 0; i < width; i += lanes) {
      const VI32 bytes = hn::Xor(hn::Load(d, source + quad * panel_atoms + i), unbias);
      hn::Store(EvenBytes(d, bytes), d, out + (2 * quad) * width + i);
      hn::Store(OddBytes(d, bytes), d, out + (2 * quad + 1) * width + i);
    }
  }
}

/// Up to split_rows rows x one or two vectors of atoms.
template <bool both_signs, std::int64_t vectors>
HWY_INLINE void ScreenStrip(const std::int32_t* atoms, std::int64_t quads, const AtomScales& scales, std::int64_t first_atom,
                            const std::int32_t* row_pairs, const ScreenRow* rows, std::int64_t count) {
  const DI32 d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  VI32 sums[split_rows * vectors];
  HWY_UNROLL(8)
  for (VI32& sum : sums) sum = hn::Zero(d);
  for (std::int64_t pair = 0; pair < 2 * quads; ++pair) {
    const VI32 a = hn::Load(d, atoms);
    const VI32 b = vectors == 2 ? hn::Load(d, atoms + lanes) : a;
    HWY_UNROLL(4)
    for (std::int64_t i = 0; i < split_rows; ++i) {
      const VI32 row = hn::Set(d, row_pairs[i]);
      sums[i * vectors] = hn::Add(sums[i * vectors], PairDot(d, a, row));
      KeepInPlace(sums[i * vectors]);
      if (vectors == 1) continue;
      sums[i * vectors + 1] = hn::Add(sums[i * vectors + 1], PairDot(d, b, row));
      KeepInPlace(sums[i * vectors + 1]);
    }
    atoms += vectors * lanes;
    row_pairs += screen_group;
  }
  VI32 done[split_rows * vectors];  // a copy, so that only constants index `sums`: it stays in registers
  HWY_UNROLL(8)
  for (std::int64_t i = 0; i < split_rows * vectors; ++i) done[i] = sums[i];
  for (std::int64_t i = 0; i < split_rows && i < count; ++i) {
    for (std::int64_t v = 0; v < vectors; ++v) {
      Emit<both_signs>(done[i * vectors + v], scales, first_atom + v * lanes, rows[i]);
    }
  }
}

template <bool both_signs>
void ScreenTileSigned(const CpuDictionary& dictionary, const AtomScales& scales, std::int64_t count, const ScreenRow* rows,
                      std::int32_t* scratch) {
  const DI32 d;
  constexpr std::int64_t vectors = 2 * hn::MaxLanes(DI32()) <= panel_atoms ? 2 : 1;
  const std::int64_t width = vectors * static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t quads = dictionary.ld / 4;
  std::int32_t* strip = scratch;
  std::int32_t* row_pairs = scratch + 2 * quads * panel_atoms;
  const std::int64_t pairs_a_row = 2 * quads;
  for (std::int64_t first = 0; first < count; first += screen_group) {
    SplitRows(rows + first, std::min(screen_group, count - first), quads, row_pairs + first * pairs_a_row);
  }
  for (std::int64_t atom = 0; atom < dictionary.panels * panel_atoms; atom += width) {
    const std::uint8_t* panel = dictionary.panels8.get() + atom / panel_atoms * panel_atoms * dictionary.ld;
    SplitAtoms(panel, atom % panel_atoms, width, quads, strip);
    for (std::int64_t first = 0; first < count; first += split_rows) {
      const std::int64_t group = first / screen_group * screen_group;
      ScreenStrip<both_signs, vectors>(strip, quads, scales, atom, row_pairs + group * pairs_a_row + first % screen_group,
                                       rows + first, count - first);
    }
  }
}

#endif

void ScreenTile(const CpuDictionary& dictionary, const AtomScales& scales, bool both_signs, std::int64_t count,
                const ScreenRow* rows, std::int32_t* scratch) {
  if (both_signs) {
    ScreenTileSigned<true>(dictionary, scales, count, rows, scratch);
  } else {
    ScreenTileSigned<false>(dictionary, scales, count, rows, scratch);
  }
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(ScreenTile);

void screen_tile(const CpuDictionary& dictionary, const AtomScales& scales, bool both_signs, std::int64_t count,
                 const ScreenRow* rows, std::int32_t* scratch) {
  if (count == 0) return;  // all rows are with the fp64 path
  HWY_DYNAMIC_DISPATCH(ScreenTile)(dictionary, scales, both_signs, count, rows, scratch);
}

}  // namespace splice_cuda::cpu
#endif
