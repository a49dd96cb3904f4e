#include "cpu/screen.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/screen.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "cpu/int8_dot-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI32 = hn::ScalableTag<std::int32_t>;
using VI32 = hn::Vec<DI32>;

/// Appends the lanes of one vector of sums that pass the row's threshold. The comparison is made before the
/// row's scale is multiplied in, so that the common case (none passes) costs a conversion, a product and a
/// test.
template <bool both_signs>
HWY_INLINE void Emit(VI32 sums, const float* weights, std::int32_t first_atom, float scaled_threshold,
                     float scale, CandidateList& list) {
  const hn::ScalableTag<float> df;
  const DI32 di;
  const auto value = hn::Mul(hn::ConvertTo(df, sums), hn::Load(df, weights));
  const auto tested = both_signs ? hn::Abs(value) : value;
  const auto passes = hn::Gt(tested, hn::Set(df, scaled_threshold));
  if (HWY_LIKELY(hn::AllFalse(df, passes))) return;
  const std::int64_t at = list.count < list.capacity ? list.count : list.capacity;
  const auto atoms = hn::Iota(di, first_atom);
  hn::StoreU(hn::Compress(atoms, hn::RebindMask(di, passes)), di, list.atoms + at);
  hn::StoreU(hn::Compress(hn::Mul(value, hn::Set(df, scale)), passes), df, list.values + at);
  list.count += static_cast<std::int64_t>(hn::CountTrue(df, passes));
}

#if HWY_TARGET == HWY_AVX3_DL

/// 8 rows x 32 atoms by VNNI: 16 accumulators, the row's quads as embedded broadcasts.
template <bool both_signs>
HWY_INLINE void ScreenPanel(const std::uint8_t* panel, std::int64_t ld, const float* weights,
                            std::int32_t first_atom, const std::int8_t* packed,
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
    Emit<both_signs>(low[i], weights, first_atom, rows[i].scaled_threshold, rows[i].scale, *rows[i].list);
    Emit<both_signs>(high[i], weights + 16, first_atom + 16, rows[i].scaled_threshold, rows[i].scale,
                     *rows[i].list);
  }
}

#else

/// Any other target: quads split into int16 pairs, 4 rows x 2 vectors at a time.
template <bool both_signs>
HWY_INLINE void ScreenPanel(const std::uint8_t* panel, std::int64_t ld, const float* weights,
                            std::int32_t first_atom, const std::int8_t* packed,
                            const ScreenRow* rows) {
  const DI32 d;
  constexpr std::size_t n = 4;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t step = 2 * lanes <= panel_atoms ? 2 * lanes : lanes;
  const VI32 unbias = hn::Set(d, static_cast<std::int32_t>(0x80808080u));
  for (std::int64_t first = 0; first < screen_group; first += n) {
    for (std::int64_t atom = 0; atom < panel_atoms; atom += step) {
      VI32 low[n];
      VI32 high[n];
      for (std::size_t i = 0; i < n; ++i) low[i] = high[i] = hn::Zero(d);
      for (std::int64_t quad = 0; quad < ld / 4; ++quad) {
        const auto* atoms =
            reinterpret_cast<const std::int32_t*>(panel + quad * 4 * panel_atoms) + atom;
        const VI32 a = hn::Xor(hn::Load(d, atoms), unbias);
        const VI32 b = hn::Xor(hn::Load(d, atoms + step - lanes), unbias);
        const VI32 a_even = EvenBytes(d, a);
        const VI32 a_odd = OddBytes(d, a);
        const VI32 b_even = EvenBytes(d, b);
        const VI32 b_odd = OddBytes(d, b);
        const auto* quads =
            reinterpret_cast<const std::int32_t*>(packed + quad * 4 * screen_group) + first;
        for (std::size_t i = 0; i < n; ++i) {
          const VI32 row = hn::Set(d, quads[i]);
          const VI32 even = EvenBytes(d, row);
          const VI32 odd = OddBytes(d, row);
          low[i] = hn::Add(low[i], hn::Add(PairDot(d, a_even, even), PairDot(d, a_odd, odd)));
          high[i] = hn::Add(high[i], hn::Add(PairDot(d, b_even, even), PairDot(d, b_odd, odd)));
        }
      }
      for (std::size_t i = 0; i < n; ++i) {
        const auto index = static_cast<std::size_t>(first) + i;
        const ScreenRow& row = rows[index];
        if (row.list == nullptr) continue;
        const auto base = first_atom + static_cast<std::int32_t>(atom);
        Emit<both_signs>(low[i], weights + atom, base, row.scaled_threshold, row.scale, *row.list);
        if (step == lanes) continue;
        Emit<both_signs>(high[i], weights + atom + lanes, base + static_cast<std::int32_t>(lanes),
                         row.scaled_threshold, row.scale, *row.list);
      }
    }
  }
}

#endif

template <bool both_signs>
void ScreenTileSigned(const CpuDictionary& dictionary, const float* weights, std::int64_t groups,
                      const std::int8_t* packed, const ScreenRow* rows) {
  // A panel (32 x ld bytes) stays in the first-level cache while all rows of the tile pass by.
  for (std::int64_t panel = 0; panel < dictionary.panels; ++panel) {
    const std::uint8_t* atoms = dictionary.panels8.get() + panel * panel_atoms * dictionary.ld;
    for (std::int64_t group = 0; group < groups; ++group) {
      ScreenPanel<both_signs>(atoms, dictionary.ld, weights + panel * panel_atoms,
                              static_cast<std::int32_t>(panel * panel_atoms),
                              packed + group * screen_group * dictionary.ld,
                              rows + group * screen_group);
    }
  }
}

void ScreenTile(const CpuDictionary& dictionary, const float* weights, bool both_signs,
                std::int64_t groups, const std::int8_t* packed, const ScreenRow* rows) {
  if (both_signs) {
    ScreenTileSigned<true>(dictionary, weights, groups, packed, rows);
  } else {
    ScreenTileSigned<false>(dictionary, weights, groups, packed, rows);
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

void screen_tile(const CpuDictionary& dictionary, const float* weights, bool both_signs,
                 std::int64_t groups, const std::int8_t* packed, const ScreenRow* rows) {
  HWY_DYNAMIC_DISPATCH(ScreenTile)(dictionary, weights, both_signs, groups, packed, rows);
}

}  // namespace splice_cuda::cpu
#endif
