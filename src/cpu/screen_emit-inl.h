// The threshold test of a screening, and what it appends to a row's list, for the target being compiled. Include guard per
// target, as Highway asks for.
#if defined(SPLICE_CPU_SCREEN_EMIT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_SCREEN_EMIT_INL_H_
#undef SPLICE_CPU_SCREEN_EMIT_INL_H_
#else
#define SPLICE_CPU_SCREEN_EMIT_INL_H_
#endif

#include <cstdint>

#include <hwy/highway.h>

#include "cpu/compress-inl.h"
#include "cpu/screen.hpp"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Correlations over a_j and over the row's scale of one vector of atoms, and which of them pass the row's threshold.
struct Tested {
  hn::Vec<hn::ScalableTag<float>> value;
  hn::Mask<hn::ScalableTag<float>> passes;
};

/// The comparison is made before the row's scale is multiplied in, so that the common case (none passes) costs a conversion,
/// two products and a test.
template <bool both_signs, class VI32>
HWY_INLINE Tested Test(VI32 sums, const AtomScales& atoms, std::int64_t first_atom, const ScreenRow& row) {
  const hn::ScalableTag<float> d;
  const auto value = hn::Mul(hn::ConvertTo(d, sums), hn::Load(d, atoms.weight + first_atom));
  const auto error = hn::Mul(hn::Load(d, atoms.error + first_atom), hn::Set(d, row.scaled_norm));
  // A product and a sum on every target, never fused: lists are the same on all of them.
  const auto bound = hn::Add(both_signs ? hn::Abs(value) : value, error);
  return {value, hn::Gt(bound, hn::Set(d, row.scaled_threshold))};
}

/// Appends the lanes that passed. Writes a vector behind the list's end, whatever passed.
HWY_INLINE void Append(const Tested& tested, std::int64_t first_atom, const ScreenRow& row) {
  const hn::ScalableTag<float> df;
  const hn::ScalableTag<std::int32_t> di;
  CandidateList& list = *row.list;
  const std::int64_t at = list.count < list.capacity ? list.count : list.capacity;
  // Not Iota from first_atom: GCC builds that from 16 scalars on the stack, at each call.
  const auto indices = hn::Add(hn::Iota(di, 0), hn::Set(di, static_cast<std::int32_t>(first_atom)));
  StoreSelected(di, indices, hn::RebindMask(di, tested.passes), list.atoms + at);
  StoreSelected(df, hn::Mul(tested.value, hn::Set(df, row.scale)), tested.passes, list.values + at);
  list.count += static_cast<std::int64_t>(hn::CountTrue(df, tested.passes));
}

/// Appends the lanes of one vector of sums that pass the row's threshold.
template <bool both_signs, class VI32>
HWY_INLINE void Emit(VI32 sums, const AtomScales& atoms, std::int64_t first_atom, const ScreenRow& row) {
  const auto tested = Test<both_signs>(sums, atoms, first_atom, row);
  if (HWY_LIKELY(hn::AllFalse(hn::ScalableTag<float>(), tested.passes))) return;
  Append(tested, first_atom, row);
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
