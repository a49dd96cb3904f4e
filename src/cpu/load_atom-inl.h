// Elements of atoms, and bytes, as vectors of float or double, whatever their type in memory, for the target being
// compiled. All conversions are exact. Include guard per target, as Highway asks for.
#if defined(SPLICE_CPU_LOAD_ATOM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_LOAD_ATOM_INL_H_
#undef SPLICE_CPU_LOAD_ATOM_INL_H_
#else
#define SPLICE_CPU_LOAD_ATOM_INL_H_
#endif

#include <hwy/highway.h>

#include "splice_cuda/matrix_view.hpp"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class T>
using IfFloat = hwy::EnableIf<hwy::IsSame<hn::TFromD<D>, T>()>;

template <class D, IfFloat<D, float>* = nullptr>
HWY_INLINE hn::Vec<D> LoadAtom(D d, const float* p) {
  return hn::LoadU(d, p);
}

template <class D, IfFloat<D, float>* = nullptr>
HWY_INLINE hn::Vec<D> LoadAtom(D d, const BFloat16* p) {
  const hn::Rebind<std::uint16_t, D> d16;
  const hn::RebindToUnsigned<D> d32;
  const auto bits = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, bits)));
}

template <class D, IfFloat<D, float>* = nullptr>
HWY_INLINE hn::Vec<D> LoadAtom(D d, const Float16* p) {
  const hn::Rebind<std::uint16_t, D> d16;
  const hn::Rebind<hwy::float16_t, D> half;
  const auto bits = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(p));
  return hn::PromoteTo(d, hn::BitCast(half, bits));
}

template <class D, class T, IfFloat<D, double>* = nullptr>
HWY_INLINE hn::Vec<D> LoadAtom(D d, const T* p) {
  const hn::Rebind<float, D> narrow;
  return hn::PromoteTo(d, LoadAtom(narrow, p));
}

/// Bytes, signed or not, as float or double.
template <class D, class Byte>
HWY_INLINE hn::Vec<D> LoadBytes(D d, const Byte* p) {
  const hn::Rebind<std::int32_t, D> d32;
  const auto integers = hn::PromoteTo(d32, hn::LoadU(hn::Rebind<Byte, D>(), p));
  if constexpr (sizeof(hn::TFromD<D>) == sizeof(double)) {
    return hn::PromoteTo(d, integers);
  } else {
    return hn::ConvertTo(d, integers);
  }
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
