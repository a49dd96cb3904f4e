#include "cpu/screen.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/screen.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/compress-inl.h"
#include "cpu/int8_dot-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI32 = hn::ScalableTag<std::int32_t>;
using VI32 = hn::Vec<DI32>;

/// Appends the lanes of one vector of sums that pass the row's threshold. The comparison is made before the
/// row's scale is multiplied in, so that the common case (none passes) costs a conversion, two products and a
/// test.
template <bool both_signs>
HWY_INLINE void Emit(VI32 sums, const AtomScales& atoms, std::int64_t first_atom, const ScreenRow& row) {
  const hn::ScalableTag<float> df;
  const DI32 di;
  const auto value = hn::Mul(hn::ConvertTo(df, sums), hn::Load(df, atoms.weight + first_atom));
  const auto error = hn::Mul(hn::Load(df, atoms.error + first_atom), hn::Set(df, row.scaled_norm));
  // A product and a sum on every target, never fused: lists are the same on all of them.
  const auto bound = hn::Add(both_signs ? hn::Abs(value) : value, error);
  const auto passes = hn::Gt(bound, hn::Set(df, row.scaled_threshold));
  if (HWY_LIKELY(hn::AllFalse(df, passes))) return;
  CandidateList& list = *row.list;
  const std::int64_t at = list.count < list.capacity ? list.count : list.capacity;
  const auto indices = hn::Iota(di, static_cast<std::int32_t>(first_atom));
  StoreSelected(di, indices, hn::RebindMask(di, passes), list.atoms + at);
  StoreSelected(df, hn::Mul(value, hn::Set(df, row.scale)), passes, list.values + at);
  list.count += static_cast<std::int64_t>(hn::CountTrue(df, passes));
}

#if HWY_TARGET == HWY_AVX3_DL

/// 8 rows x 32 atoms by VNNI: 16 accumulators, the row's quads as embedded broadcasts.
template <bool both_signs>
HWY_INLINE void ScreenPanel(const std::uint8_t* panel, std::int64_t ld, const AtomScales& scales,
                            std::int64_t first_atom, const std::int8_t* packed,
                            const ScreenRow* rows) {
  const DI32 d;
  constexpr std::size_t n = screen_group;
  VI32 low[n];
  VI32 high[n];
  for (std::size_t i = 0; i < n; ++i) low[i] = high[i] = hn::Set(d, rows[i].bias);
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
  for (std::size_t i = 0; i < n; ++i) {
    if (rows[i].list == nullptr) continue;
    Emit<both_signs>(low[i], scales, first_atom, rows[i]);
    Emit<both_signs>(high[i], scales, first_atom + 16, rows[i]);
  }
}

/// No scratch: the quads are used as they lie.
template <bool both_signs>
void ScreenTileSigned(const CpuDictionary& dictionary, const AtomScales& scales, std::int64_t groups,
                      const std::int8_t* packed, const ScreenRow* rows, std::int32_t* /*scratch*/) {
  // A panel (32 x ld bytes) stays in the first-level cache while all rows of the tile pass by.
  for (std::int64_t panel = 0; panel < dictionary.panels; ++panel) {
    const std::uint8_t* atoms = dictionary.panels8.get() + panel * panel_atoms * dictionary.ld;
    for (std::int64_t group = 0; group < groups; ++group) {
      ScreenPanel<both_signs>(atoms, dictionary.ld, scales, panel * panel_atoms,
                              packed + group * screen_group * dictionary.ld,
                              rows + group * screen_group);
    }
  }
}

#else

// Any other target multiplies pairs of int16. Quads of bytes are split into two such pairs before the tile passes
// by, rows once a tile and atoms once a strip: in the inner loop that would cost as much as the products.

/// Rows that the inner loop takes at once; with two vectors of atoms, 8 accumulators: as many as 16 registers allow.
constexpr std::int64_t split_rows = 4;

/// The quads of a tile's rows as pairs: [groups, ld / 4, 2, screen_group].
HWY_INLINE void SplitRows(const std::int8_t* packed, std::int64_t quads, std::int32_t* out) {
  const hn::CappedTag<std::int32_t, screen_group> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto* source = reinterpret_cast<const std::int32_t*>(packed);
  for (std::int64_t quad = 0; quad < quads; ++quad) {
    for (std::int64_t i = 0; i < screen_group; i += lanes) {
      const auto bytes = hn::LoadU(d, source + quad * screen_group + i);
      hn::StoreU(EvenBytes(d, bytes), d, out + (2 * quad) * screen_group + i);
      hn::StoreU(OddBytes(d, bytes), d, out + (2 * quad + 1) * screen_group + i);
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

/// split_rows rows x one or two vectors of atoms.
template <bool both_signs, std::int64_t vectors>
HWY_INLINE void ScreenStrip(const std::int32_t* atoms, std::int64_t quads, const AtomScales& scales,
                            std::int64_t first_atom, const std::int32_t* row_pairs, const ScreenRow* rows) {
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
  for (std::int64_t i = 0; i < split_rows; ++i) {
    if (rows[i].list == nullptr) continue;
    for (std::int64_t v = 0; v < vectors; ++v) {
      Emit<both_signs>(done[i * vectors + v], scales, first_atom + v * lanes, rows[i]);
    }
  }
}

/// False where all of them are padding: a batch of few rows would cost as much as a full group.
HWY_INLINE bool AnyListed(const ScreenRow* rows) {
  bool any = false;
  for (std::int64_t i = 0; i < split_rows; ++i) any |= rows[i].list != nullptr;
  return any;
}

template <bool both_signs>
void ScreenTileSigned(const CpuDictionary& dictionary, const AtomScales& scales, std::int64_t groups,
                      const std::int8_t* packed, const ScreenRow* rows, std::int32_t* scratch) {
  const DI32 d;
  constexpr std::int64_t vectors = 2 * hn::MaxLanes(DI32()) <= panel_atoms ? 2 : 1;
  const std::int64_t width = vectors * static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t quads = dictionary.ld / 4;
  std::int32_t* strip = scratch;
  std::int32_t* row_pairs = scratch + 2 * quads * panel_atoms;
  const std::int64_t group_pairs = 2 * quads * screen_group;
  for (std::int64_t group = 0; group < groups; ++group) {
    SplitRows(packed + group * screen_group * dictionary.ld, quads, row_pairs + group * group_pairs);
  }
  for (std::int64_t first = 0; first < dictionary.panels * panel_atoms; first += width) {
    const std::uint8_t* panel = dictionary.panels8.get() + first / panel_atoms * panel_atoms * dictionary.ld;
    SplitAtoms(panel, first % panel_atoms, width, quads, strip);
    for (std::int64_t group = 0; group < groups; ++group) {
      for (std::int64_t i = 0; i < screen_group; i += split_rows) {
        if (!AnyListed(rows + group * screen_group + i)) continue;
        ScreenStrip<both_signs, vectors>(strip, quads, scales, first,
                                         row_pairs + group * group_pairs + i, rows + group * screen_group + i);
      }
    }
  }
}

#endif

void ScreenTile(const CpuDictionary& dictionary, const AtomScales& scales, bool both_signs,
                std::int64_t groups, const std::int8_t* packed, const ScreenRow* rows, std::int32_t* scratch) {
  if (both_signs) {
    ScreenTileSigned<true>(dictionary, scales, groups, packed, rows, scratch);
  } else {
    ScreenTileSigned<false>(dictionary, scales, groups, packed, rows, scratch);
  }
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(ScreenTile);

void pack_row(const std::int8_t* q, std::int64_t ld, std::int64_t lane, std::int8_t* packed) {
  for (std::int64_t quad = 0; quad < ld / 4; ++quad) {
    std::memcpy(packed + (quad * screen_group + lane) * 4, q + quad * 4, 4);
  }
}

void screen_tile(const CpuDictionary& dictionary, const AtomScales& scales, bool both_signs,
                 std::int64_t groups, const std::int8_t* packed, const ScreenRow* rows, std::int32_t* scratch) {
  HWY_DYNAMIC_DISPATCH(ScreenTile)(dictionary, scales, both_signs, groups, packed, rows, scratch);
}

}  // namespace splice_cuda::cpu
#endif
