#include "cpu/row_products.hpp"

#include <algorithm>
#include <cmath>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/row_products.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "core/typed_rows.hpp"
#include "cpu/load_atom-inl.h"
#include "cpu/rows_of_four-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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
    const auto row_of = [&](std::int32_t atom) { return dictionary.atom<T>(atom); };
    FindRows(atoms, first, count, row_of, rows);
    // The next four rows, a line of each at a time: they lie anywhere in the dictionary.
    const T* next[block];
    const std::int64_t after = first + static_cast<std::int64_t>(block);
    FindRows(atoms, after < count ? after : first, count, row_of, next);
    for (std::size_t i = 0; i < block; ++i) even[i] = odd[i] = hn::Zero(d);
    for (std::int64_t k = 0; k < dictionary.ld; k += 2 * lanes) {
      for (std::size_t i = 0; i < block; ++i) {
        for (std::int64_t line = k; line < k + 2 * lanes; line += static_cast<std::int64_t>(64 / sizeof(T))) {
          hwy::Prefetch(next[i] + line);
        }
      }
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

/// `n` vectors of r, from column k on, stay in registers while all atoms pass by.
template <class E, std::size_t n, class T>
HWY_INLINE void ResidualColumns(const CpuDictionary& dictionary, const float* HWY_RESTRICT z, const std::int32_t* atoms,
                                const T* HWY_RESTRICT weights, std::int64_t count, std::int64_t k, T* HWY_RESTRICT r) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sum[n];
  HWY_UNROLL(8)
  for (std::size_t b = 0; b < n; ++b) sum[b] = LoadAtom(d, z + k + static_cast<std::int64_t>(b) * lanes);
  for (std::int64_t i = 0; i < count; ++i) {
    const E* atom = dictionary.atom<E>(atoms[i]) + k;
    const auto weight = hn::Set(d, weights[i]);
    HWY_UNROLL(8)
    for (std::size_t b = 0; b < n; ++b) {
      sum[b] = hn::NegMulAdd(weight, LoadAtom(d, atom + static_cast<std::int64_t>(b) * lanes), sum[b]);
    }
  }
  HWY_UNROLL(8)
  for (std::size_t b = 0; b < n; ++b) hn::StoreU(sum[b], d, r + k + static_cast<std::int64_t>(b) * lanes);
}

template <class E, class T>
HWY_INLINE void ResidualOf(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms, const T* weights,
                           std::int64_t count, T* r) {
  // As many sums as hide the latency of the multiply-add, in registers; ld is a multiple of 64.
  constexpr std::size_t most = 64 / hn::MaxLanes(hn::ScalableTag<T>());
  constexpr std::size_t n = most < 8 ? most : 8;
  const auto step = static_cast<std::int64_t>(n * hn::Lanes(hn::ScalableTag<T>()));
  for (std::int64_t k = 0; k < dictionary.ld; k += step) {
    ResidualColumns<E, n>(dictionary, z, atoms, weights, count, k, r);
  }
}

template <class T>
HWY_INLINE T Distance(const T* HWY_RESTRICT v, const QuantizedPoint& point, std::int64_t size) {
  const hn::ScalableTag<T> d;
  const auto scale = hn::Set(d, static_cast<T>(point.scale));
  const auto fine_scale = hn::Set(d, static_cast<T>(point.fine_scale));
  auto sum = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    const auto moved = hn::NegMulAdd(scale, LoadBytes(d, point.q + k), hn::LoadU(d, v + k));
    const auto delta = hn::NegMulAdd(fine_scale, LoadBytes(d, point.fine_q + k), moved);
    sum = hn::MulAdd(delta, delta, sum);
  }
  return std::sqrt(hn::GetLane(hn::SumOfLanes(d, sum)));
}

float DistanceF32(const float* v, const QuantizedPoint& point, std::int64_t size) { return Distance(v, point, size); }
double DistanceF64(const double* v, const QuantizedPoint& point, std::int64_t size) { return Distance(v, point, size); }

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
HWY_EXPORT(ResidualF32);
HWY_EXPORT(ResidualF64);
HWY_EXPORT(DistanceF32);
HWY_EXPORT(DistanceF64);

void prefetch_atoms(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count) {
  // How a row begins: what follows, the processor sees coming.
  constexpr std::int64_t most_bytes = 512;
  const std::int64_t element = dictionary.atoms.element_size();
  const std::int64_t bytes = std::min(dictionary.ld * element, most_bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* row = static_cast<const std::byte*>(dictionary.atoms.data) + atoms[i] * dictionary.atoms.ld * element;
    for (std::int64_t k = 0; k < bytes; k += 64) hwy::Prefetch(row + k);
  }
}

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
void residual(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
              const float* weights, std::int64_t count, float* r) {
  HWY_DYNAMIC_DISPATCH(ResidualF32)(dictionary, z, atoms, weights, count, r);
}
void residual_f64(const CpuDictionary& dictionary, const float* z, const std::int32_t* atoms,
                  const double* weights, std::int64_t count, double* r) {
  HWY_DYNAMIC_DISPATCH(ResidualF64)(dictionary, z, atoms, weights, count, r);
}
double distance_to_quantized(const double* v, const QuantizedPoint& point, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DistanceF64)(v, point, size);
}
float distance_to_quantized(const float* v, const QuantizedPoint& point, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DistanceF32)(v, point, size);
}

}  // namespace splice_cuda::cpu
#endif
