#include "cpu/row_products.hpp"

#include <cmath>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/row_products.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "core/typed_rows.hpp"
#include "cpu/int8_dot-inl.h"
#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Atoms that pass at once; the products of four leave in one vector.
constexpr std::size_t block = 4;

/// Sums of blocks of 128 bits, down to one.
template <class D, class V>
HWY_INLINE auto FoldBlocks(D d, V v) {
  if constexpr (hn::MaxLanes(D()) <= block) {
    (void)d;
    return v;
  } else {
    const hn::Half<D> half;
    return FoldBlocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// Four vectors to the four sums of their lanes: a third of the shuffles that four single sums take.
template <class D, class V>
HWY_INLINE void StoreSums(D d, const V (&v)[block], hn::TFromD<D>* HWY_RESTRICT out) {
  if constexpr (hn::MaxLanes(D()) < block) {
    for (std::size_t i = 0; i < block; ++i) out[i] = hn::GetLane(hn::SumOfLanes(d, v[i]));
  } else {
    const hn::Repartition<std::uint64_t, D> pairs;
    const auto ab = hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1]));
    const auto cd = hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3]));
    const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
    const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
    const auto sums = FoldBlocks(d, hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)));
    hn::StoreU(sums, hn::CappedTag<hn::TFromD<D>, block>(), out);
  }
}

/// Four rows of the dictionary; the first one again in place of those past the end of the list.
template <class Row>
HWY_INLINE void FindRows(const std::int32_t* atoms, std::int64_t first, std::int64_t count, const Row& row_of,
                         decltype(row_of(0)) (&rows)[block]) {
  for (std::size_t i = 0; i < block; ++i) {
    const std::int64_t at = first + static_cast<std::int64_t>(i);
    rows[i] = row_of(at < count ? atoms[at] : atoms[first]);
  }
}

/// The first `count` of four results.
template <class T>
HWY_INLINE void CopyFirst(const T (&results)[block], std::int64_t count, T* out) {
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(block) && i < count; ++i) out[i] = results[i];
}

/// Two accumulators an atom: hides the latency of the fused multiply-add.
template <class T>
HWY_INLINE void DotAtomsOf(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                           const float* HWY_RESTRICT v, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(block)) {
    const T* rows[block];
    hn::Vec<decltype(d)> even[block];
    hn::Vec<decltype(d)> odd[block];
    FindRows(atoms, first, count, [&](std::int32_t atom) { return dictionary.atom<T>(atom); }, rows);
    for (std::size_t i = 0; i < block; ++i) even[i] = odd[i] = hn::Zero(d);
    for (std::int64_t k = 0; k < dictionary.ld; k += 2 * lanes) {
      const auto v_even = hn::LoadU(d, v + k);
      const auto v_odd = hn::LoadU(d, v + k + lanes);
      for (std::size_t i = 0; i < block; ++i) {
        even[i] = hn::MulAdd(LoadAtom(d, rows[i] + k), v_even, even[i]);
        odd[i] = hn::MulAdd(LoadAtom(d, rows[i] + k + lanes), v_odd, odd[i]);
      }
    }
    for (std::size_t i = 0; i < block; ++i) even[i] = hn::Add(even[i], odd[i]);
    float results[block];
    StoreSums(d, even, results);
    CopyFirst(results, count - first, out + first);
  }
}

/// Four atoms with two vectors: six loads for eight fused multiply-adds, where one vector needs ten.
template <class T>
HWY_INLINE void DotAtomsTwiceOf(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                                const float* HWY_RESTRICT v0, const float* HWY_RESTRICT v1,
                                float* HWY_RESTRICT out0, float* HWY_RESTRICT out1) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(block)) {
    const T* rows[block];
    hn::Vec<decltype(d)> sum0[block];
    hn::Vec<decltype(d)> sum1[block];
    FindRows(atoms, first, count, [&](std::int32_t atom) { return dictionary.atom<T>(atom); }, rows);
    for (std::size_t i = 0; i < block; ++i) sum0[i] = sum1[i] = hn::Zero(d);
    for (std::int64_t k = 0; k < dictionary.ld; k += lanes) {
      const auto value0 = hn::LoadU(d, v0 + k);
      const auto value1 = hn::LoadU(d, v1 + k);
      for (std::size_t i = 0; i < block; ++i) {
        const auto atom = LoadAtom(d, rows[i] + k);
        sum0[i] = hn::MulAdd(atom, value0, sum0[i]);
        sum1[i] = hn::MulAdd(atom, value1, sum1[i]);
      }
    }
    float results[block];
    StoreSums(d, sum0, results);
    CopyFirst(results, count - first, out0 + first);
    StoreSums(d, sum1, results);
    CopyFirst(results, count - first, out1 + first);
  }
}

template <class T>
HWY_INLINE void DotAtomsF64Of(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                 const double* HWY_RESTRICT v, double* HWY_RESTRICT out) {
  const hn::ScalableTag<double> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr std::size_t n = 4;
  for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(n)) {
    const T* rows[n];
    hn::Vec<decltype(d)> sum[n];
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t at = first + static_cast<std::int64_t>(i);
      rows[i] = dictionary.atom<T>(at < count ? atoms[at] : atoms[first]);
      sum[i] = hn::Zero(d);
    }
    for (std::int64_t k = 0; k < dictionary.ld; k += lanes) {
      const auto value = hn::LoadU(d, v + k);
      for (std::size_t i = 0; i < n; ++i) {
        sum[i] = hn::MulAdd(LoadAtom(d, rows[i] + k), value, sum[i]);
      }
    }
    for (std::size_t i = 0; i < n && first + static_cast<std::int64_t>(i) < count; ++i) {
      out[first + static_cast<std::int64_t>(i)] = hn::GetLane(hn::SumOfLanes(d, sum[i]));
    }
  }
}

/// Rows of a long list lie anywhere in the dictionary: the next four are asked for while these four are multiplied.
HWY_INLINE void PrefetchRow(const std::int8_t* row, std::int64_t bytes) {
  for (std::int64_t k = 0; k < bytes; k += 64) hwy::Prefetch(row + k);
}

void DotAtomsInt8(const CpuDictionary& dictionary, const float* HWY_RESTRICT weights,
                  const std::int32_t* atoms, std::int64_t count,
                  const std::int8_t* HWY_RESTRICT q, const QuantizedRow& quantized,
                  float* HWY_RESTRICT out) {
  const hn::ScalableTag<std::int32_t> d;
  const hn::Repartition<std::int8_t, decltype(d)> d8;
  const auto bytes = static_cast<std::int64_t>(hn::Lanes(d8));
  const auto row_of = [&](std::int32_t atom) { return dictionary.atom8(atom); };
  for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(block)) {
    const std::int8_t* rows[block];
    hn::Vec<decltype(d)> sum[block];
    const std::int64_t next = first + static_cast<std::int64_t>(block);
    if (next < count) {
      FindRows(atoms, next, count, row_of, rows);
      for (const std::int8_t* row : rows) PrefetchRow(row, dictionary.ld);
    }
    FindRows(atoms, first, count, row_of, rows);
    for (std::size_t i = 0; i < block; ++i) sum[i] = hn::Zero(d);
    for (std::int64_t k = 0; k < dictionary.ld; k += bytes) {
      const auto row = hn::BitCast(d, hn::LoadU(d8, q + k));
#if HWY_TARGET == HWY_AVX3_DL
      const auto biased = hn::Xor(row, hn::Set(d, static_cast<std::int32_t>(0x80808080u)));
      for (std::size_t i = 0; i < block; ++i) {
        sum[i] = QuadDot(sum[i], biased, hn::BitCast(d, hn::Load(d8, rows[i] + k)));
      }
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
      const auto magnitude = hn::BitCast(d, hn::Abs(hn::BitCast(d8, row)));
      for (std::size_t i = 0; i < block; ++i) {
        sum[i] = hn::Add(sum[i], SignedQuadDot(magnitude, row, hn::BitCast(d, hn::Load(d8, rows[i] + k))));
      }
#else
      const auto even = EvenBytes(d, row);
      const auto odd = OddBytes(d, row);
      for (std::size_t i = 0; i < block; ++i) {
        const auto atom = hn::BitCast(d, hn::Load(d8, rows[i] + k));
        sum[i] = hn::Add(sum[i], hn::Add(PairDot(d, even, EvenBytes(d, atom)),
                                         PairDot(d, odd, OddBytes(d, atom))));
      }
#endif
    }
    std::int32_t totals[block];
    StoreSums(d, sum, totals);
    for (std::size_t i = 0; i < block && first + static_cast<std::int64_t>(i) < count; ++i) {
      const std::int32_t atom = atoms[first + static_cast<std::int64_t>(i)];
      const std::int32_t total = has_quad_dot ? totals[i] - 128 * dictionary.row_sum[atom] : totals[i];
      out[first + static_cast<std::int64_t>(i)] = static_cast<float>(total) * weights[atom] * quantized.scale;
    }
  }
}

/// Blocks of 4 vectors of r stay in registers while all atoms pass by.
template <class E, class T>
HWY_INLINE void ResidualOf(const CpuDictionary& dictionary, const float* HWY_RESTRICT z,
                           const std::int32_t* atoms, const T* HWY_RESTRICT weights,
                           std::int64_t count, T* HWY_RESTRICT r) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t step = lanes * static_cast<std::int64_t>(block);
  for (std::int64_t k = 0; k < dictionary.ld; k += step) {  // ld is a multiple of 64 elements
    hn::Vec<decltype(d)> sum[block];
    for (std::size_t b = 0; b < block; ++b) {
      sum[b] = LoadAtom(d, z + k + static_cast<std::int64_t>(b) * lanes);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const E* atom = dictionary.atom<E>(atoms[i]) + k;
      const auto weight = hn::Set(d, weights[i]);
      for (std::size_t b = 0; b < block; ++b) {
        sum[b] = hn::NegMulAdd(weight, LoadAtom(d, atom + static_cast<std::int64_t>(b) * lanes), sum[b]);
      }
    }
    for (std::size_t b = 0; b < block; ++b) {
      hn::StoreU(sum[b], d, r + k + static_cast<std::int64_t>(b) * lanes);
    }
  }
}

float DistanceF32(const float* HWY_RESTRICT v, const std::int8_t* HWY_RESTRICT q, float scale,
                  std::int64_t size) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::int8_t, decltype(d)> d8;
  auto sum = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto level = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, q + k)));
    const auto delta = hn::NegMulAdd(hn::Set(d, scale), level, hn::LoadU(d, v + k));
    sum = hn::MulAdd(delta, delta, sum);
  }
  return std::sqrt(hn::GetLane(hn::SumOfLanes(d, sum)));
}

double DistanceF64(const double* HWY_RESTRICT v, const std::int8_t* HWY_RESTRICT q, float scale,
                   std::int64_t size) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::int8_t, decltype(d)> d8;
  auto sum = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto level = hn::PromoteTo(d, hn::PromoteTo(d32, hn::LoadU(d8, q + k)));
    const auto delta =
        hn::NegMulAdd(hn::Set(d, static_cast<double>(scale)), level, hn::LoadU(d, v + k));
    sum = hn::MulAdd(delta, delta, sum);
  }
  return std::sqrt(hn::GetLane(hn::SumOfLanes(d, sum)));
}

// One function an element type: chosen once a call.
void DotAtoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count, const float* v,
              float* out) {
  with_element_type(dictionary.dtype, [&]<class T>(T) HWY_ATTR { DotAtomsOf<T>(dictionary, atoms, count, v, out); });
}

void DotAtomsTwice(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count, const float* v0,
                   const float* v1, float* out0, float* out1) {
  with_element_type(dictionary.dtype, [&]<class T>(T) HWY_ATTR {
    DotAtomsTwiceOf<T>(dictionary, atoms, count, v0, v1, out0, out1);
  });
}

void DotAtomsF64(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count, const double* v,
                 double* out) {
  with_element_type(dictionary.dtype, [&]<class T>(T) HWY_ATTR { DotAtomsF64Of<T>(dictionary, atoms, count, v, out); });
}

void ResidualF32(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const float* weights,
                 std::int64_t count, float* r) {
  with_element_type(dictionary.dtype, [&]<class E>(E) HWY_ATTR { ResidualOf<E>(dictionary, z, atoms, weights, count, r); });
}

void ResidualF64(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const double* weights,
                 std::int64_t count, double* r) {
  with_element_type(dictionary.dtype, [&]<class E>(E) HWY_ATTR { ResidualOf<E>(dictionary, z, atoms, weights, count, r); });
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(DotAtoms);
HWY_EXPORT(DotAtomsTwice);
HWY_EXPORT(DotAtomsF64);
HWY_EXPORT(DotAtomsInt8);
HWY_EXPORT(ResidualF32);
HWY_EXPORT(ResidualF64);
HWY_EXPORT(DistanceF32);
HWY_EXPORT(DistanceF64);

void dot_atoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
               const float* v, float* out) {
  HWY_DYNAMIC_DISPATCH(DotAtoms)(dictionary, atoms, count, v, out);
}
void dot_atoms_twice(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                     const float* v0, const float* v1, float* out0, float* out1) {
  HWY_DYNAMIC_DISPATCH(DotAtomsTwice)(dictionary, atoms, count, v0, v1, out0, out1);
}
void dot_atoms_f64(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                   const double* v, double* out) {
  HWY_DYNAMIC_DISPATCH(DotAtomsF64)(dictionary, atoms, count, v, out);
}
void dot_atoms_int8(const CpuDictionary& dictionary, const float* weights, const std::int32_t* atoms,
                    std::int64_t count, const std::int8_t* q, const QuantizedRow& quantized, float* out) {
  HWY_DYNAMIC_DISPATCH(DotAtomsInt8)(dictionary, weights, atoms, count, q, quantized, out);
}
void residual(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
              const float* weights, std::int64_t count, float* r) {
  HWY_DYNAMIC_DISPATCH(ResidualF32)(dictionary, z, atoms, weights, count, r);
}
void residual_f64(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
                  const double* weights, std::int64_t count, double* r) {
  HWY_DYNAMIC_DISPATCH(ResidualF64)(dictionary, z, atoms, weights, count, r);
}
float distance_to_quantized(const float* v, const std::int8_t* q, float scale, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DistanceF32)(v, q, scale, size);
}
double distance_to_quantized(const double* v, const std::int8_t* q, float scale, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DistanceF64)(v, q, scale, size);
}

}  // namespace splice_cuda::cpu
#endif
