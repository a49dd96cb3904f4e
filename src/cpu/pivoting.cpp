#include "cpu/pivoting.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/pivoting.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y -= factor * x over `size` elements, a multiple of tableau_multiple.
template <class T>
HWY_INLINE void SubtractScaled(T factor, const T* HWY_RESTRICT x, T* HWY_RESTRICT y,
                               std::int64_t size) {
  const hn::ScalableTag<T> d;
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::Store(hn::NegMulAdd(scale, hn::Load(d, x + k), hn::Load(d, y + k)), d, y + k);
  }
}

template <class T>
HWY_INLINE void Scale(T factor, T* x, std::int64_t size) {
  const hn::ScalableTag<T> d;
  const auto scale = hn::Set(d, factor);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    hn::Store(hn::Mul(scale, hn::Load(d, x + k)), d, x + k);
  }
}

/// Exchanges x_k and y_k: v_k = M_kk u_k + sum_j M_kj u_j + c_k is solved for u_k and put into the others.
template <class T>
void PivotOn(Tableau<T>& t, std::int64_t k) {
  T* pivot_row = t.row(k);
  const T inverse = T(1) / pivot_row[k];
  const T constant = t.value[static_cast<std::size_t>(k)] * inverse;
  for (std::int64_t i = 0; i < t.size; ++i) {
    if (i == k) continue;
    T* row = t.row(i);
    const T column = row[k];
    if (column == T(0)) continue;
    SubtractScaled(column * inverse, pivot_row, row, t.padded_size());
    row[k] = column * inverse;
    t.value[static_cast<std::size_t>(i)] -= column * constant;
  }
  Scale(-inverse, pivot_row, t.padded_size());
  pivot_row[k] = inverse;
  t.value[static_cast<std::size_t>(k)] = -constant;
  t.in_support[static_cast<std::size_t>(k)] ^= 1u;
}

template <class T>
HWY_INLINE T Dot(const T* HWY_RESTRICT x, const T* HWY_RESTRICT y, std::int64_t size) {
  const hn::ScalableTag<T> d;
  auto sum = hn::Zero(d);
  for (std::int64_t k = 0; k < size; k += static_cast<std::int64_t>(hn::Lanes(d))) {
    sum = hn::MulAdd(hn::Load(d, x + k), hn::LoadU(d, y + k), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

float DotF32(const float* x, const float* y, std::int64_t size) { return Dot(x, y, size); }
double DotF64(const double* x, const double* y, std::int64_t size) { return Dot(x, y, size); }
void PivotF32(Tableau<float>& t, std::int64_t k) { PivotOn(t, k); }
void PivotF64(Tableau<double>& t, std::int64_t k) { PivotOn(t, k); }
void SubtractScaledF32(float factor, const float* x, float* y, std::int64_t size) {
  SubtractScaled(factor, x, y, size);
}
void SubtractScaledF64(double factor, const double* x, double* y, std::int64_t size) {
  SubtractScaled(factor, x, y, size);
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(DotF32);
HWY_EXPORT(DotF64);
HWY_EXPORT(PivotF32);
HWY_EXPORT(PivotF64);
HWY_EXPORT(SubtractScaledF32);
HWY_EXPORT(SubtractScaledF64);

namespace {

void pivot(Tableau<float>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(PivotF32)(t, k); }
void pivot(Tableau<double>& t, std::int64_t k) { HWY_DYNAMIC_DISPATCH(PivotF64)(t, k); }
float dot(const float* x, const float* y, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DotF32)(x, y, size);
}
double dot(const double* x, const double* y, std::int64_t size) {
  return HWY_DYNAMIC_DISPATCH(DotF64)(x, y, size);
}
void subtract_scaled(float factor, const float* x, float* y, std::int64_t size) {
  HWY_DYNAMIC_DISPATCH(SubtractScaledF32)(factor, x, y, size);
}
void subtract_scaled(double factor, const double* x, double* y, std::int64_t size) {
  HWY_DYNAMIC_DISPATCH(SubtractScaledF64)(factor, x, y, size);
}

std::size_t at(std::int64_t k) { return static_cast<std::size_t>(k); }

/// Times that a dependent atom may push another one out of the support before it stays out: what is left between
/// such atoms is rounding.
constexpr std::uint8_t most_exchanges = 8;

/// Place of the most negative member (least_index: of the first negative one) among those in the support or
/// outside; -1 where none is below -tolerance.
template <class T>
std::int64_t most_negative(const Tableau<T>& t, bool in_support, T tolerance, bool least_index,
                           const std::vector<std::uint8_t>& exchanges) {
  std::int64_t found = -1;
  T lowest = -tolerance;
  for (std::int64_t k = 0; k < t.size; ++k) {
    if (t.value[at(k)] >= lowest) continue;
    if ((t.in_support[at(k)] != 0) != in_support) continue;
    if (!in_support && exchanges[at(k)] >= most_exchanges) continue;
    found = k;
    if (least_index) break;
    lowest = t.value[at(k)];
  }
  return found;
}

}  // namespace

template <class T>
bool depends_on_support(const Tableau<T>& t, std::int64_t k, T pivot_floor) {
  return !(t.row(k)[k] > pivot_floor * t.diagonal[at(k)]);
}

// x_s changes by M_sk per unit of atom k.
template <class T>
std::int64_t blocking_atom(const Tableau<T>& t, std::int64_t k) {
  std::int64_t found = -1;
  T shortest = 0;
  for (std::int64_t s = 0; s < t.size; ++s) {
    if (t.in_support[at(s)] == 0) continue;
    const T slope = t.row(s)[k];
    if (!(slope < T(-1e-3))) continue;
    const T step = -t.value[at(s)] / slope;
    if (found >= 0 && !(step < shortest)) continue;
    found = s;
    shortest = step;
  }
  return found;
}

template <class T>
void pivot_at(Tableau<T>& t, std::int64_t k) {
  pivot(t, k);
}

template <class T>
void Tableau<T>::reserve(std::int64_t places) {
  if (places <= ld) return;
  const std::int64_t grown = round_up(places + places / 4, std::int64_t{32});
  auto bigger = make_aligned<T>(static_cast<std::size_t>(grown * grown), "a row's working set");
  for (std::int64_t k = 0; k < size; ++k) {
    std::memcpy(bigger.get() + k * grown, row(k), static_cast<std::size_t>(size) * sizeof(T));
  }
  matrix = std::move(bigger);
  ld = grown;
  value.resize(at(grown));
  in_support.resize(at(grown));
  atoms.resize(at(grown));
  factors.resize(at(grown));
  diagonal.resize(at(grown));
}

template <class T>
void append_atoms(Tableau<T>& t, const std::int32_t* atoms, const T* factors, std::int64_t count,
                  const T* gram, std::int64_t ld_gram, const T* values) {
  const std::int64_t first = t.size;
  t.reserve(round_up(first + count, tableau_multiple));
  t.size = first + count;
  const std::int64_t padded = t.padded_size();
  const std::int64_t first_padded = round_up(first, tableau_multiple);
  for (std::int64_t i = 0; i < first; ++i) std::fill(t.row(i) + first, t.row(i) + padded, T(0));
  // y_i = sum_k G_ik x_k + ...: what the support holds is replaced by its own rows of the tableau, places
  // outside keep G_ik. New columns follow from the sign symmetry of principal tableaux.
  for (std::int64_t i = 0; i < count; ++i) {
    T* row = t.row(first + i);
    const T* g = gram + i * ld_gram;
    t.in_support[at(first + i)] = 0;
    t.atoms[at(first + i)] = atoms[i];
    t.factors[at(first + i)] = factors[i];
    t.value[at(first + i)] = values[i];
    t.diagonal[at(first + i)] = g[first + i];
    std::fill_n(row, padded, T(0));
    for (std::int64_t k = 0; k < first; ++k) row[k] = t.in_support[at(k)] != 0 ? T(0) : g[k];
    for (std::int64_t s = 0; s < first; ++s) {
      if (t.in_support[at(s)] != 0) subtract_scaled(-g[s], t.row(s), row, first_padded);
    }
    std::fill(row + first, row + padded, T(0));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const T* row = t.row(first + i);
    for (std::int64_t k = 0; k < first; ++k) {
      t.row(k)[first + i] = t.in_support[at(k)] != 0 ? -row[k] : row[k];
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const T* g = gram + i * ld_gram + first;
    T* row = t.row(first + i) + first;
    for (std::int64_t j = 0; j < count; ++j) row[j] = g[j];
    for (std::int64_t k = 0; k < first; ++k) {
      if (t.in_support[at(k)] == 0) continue;
      const T factor = gram[i * ld_gram + k];
      const T* support_row = t.row(k) + first;
      for (std::int64_t j = 0; j < count; ++j) row[j] += factor * support_row[j];
    }
  }
}

template <class T>
std::int64_t solve_tableau(Tableau<T>& t, T tolerance, T pivot_floor) {
  const std::int64_t patience = 4 * t.size + 50;
  const std::int64_t limit = 40 * t.size + 500;
  std::vector<std::uint8_t> exchanges(at(t.size), 0);
  std::int64_t pivots = 0;
  while (pivots < limit) {
    const bool least_index = pivots > patience;
    std::int64_t k = most_negative(t, true, T(0), least_index, exchanges);
    if (k < 0) {
      k = most_negative(t, false, tolerance, least_index, exchanges);
      if (k < 0) break;
      if (depends_on_support(t, k, pivot_floor)) {
        const std::int64_t blocking = blocking_atom(t, k);
        if (blocking < 0) {
          exchanges[at(k)] = most_exchanges;
          continue;
        }
        ++exchanges[at(k)];
        pivot(t, blocking);
        ++pivots;
        if (depends_on_support(t, k, pivot_floor)) continue;
      }
    }
    pivot(t, k);
    ++pivots;
  }
  return pivots;
}

template <class T>
void enter_all(Tableau<T>& t, T pivot_floor) {
  for (std::int64_t k = 0; k < t.size; ++k) {
    if (t.in_support[at(k)] == 0 && !depends_on_support(t, k, pivot_floor)) pivot(t, k);
  }
}

template <class T>
void newton_step(Tableau<T>& t, const T* y) {
  std::vector<T> support_y(at(t.padded_size()), T(0));
  for (std::int64_t k = 0; k < t.size; ++k) {
    if (t.in_support[at(k)] != 0) support_y[at(k)] = y[k];
  }
  for (std::int64_t k = 0; k < t.size; ++k) {
    const T change = dot(t.row(k), support_y.data(), t.padded_size());
    t.value[at(k)] = (t.in_support[at(k)] != 0 ? t.value[at(k)] : y[k]) - change;
  }
}

// y = lambda - ... in the support is held at 0: there x falls by the sum of its row of the inverse. Sums of the support's
// rows, which are contiguous: the tableau is symmetric in the support, antisymmetric between it and the rest.
template <class T>
void change_lambda(Tableau<T>& t, T change) {
  std::vector<T> sums(at(t.size), T(0));
  for (std::int64_t s = 0; s < t.size; ++s) {
    if (t.in_support[at(s)] == 0) continue;
    const T* row = t.row(s);
    for (std::int64_t k = 0; k < t.size; ++k) sums[at(k)] += row[k];
  }
  for (std::int64_t k = 0; k < t.size; ++k) {
    t.value[at(k)] += t.in_support[at(k)] != 0 ? -change * sums[at(k)] : change * (1 + sums[at(k)]);
  }
}

template <class T>
void flip_sign(Tableau<T>& t, std::int64_t k) {
  for (std::int64_t i = 0; i < t.size; ++i) {
    if (i == k) continue;
    t.row(k)[i] = -t.row(k)[i];
    t.row(i)[k] = -t.row(i)[k];
  }
  t.factors[at(k)] = -t.factors[at(k)];
}

template struct Tableau<float>;
template struct Tableau<double>;
template void append_atoms(Tableau<float>&, const std::int32_t*, const float*, std::int64_t, const float*,
                           std::int64_t, const float*);
template void append_atoms(Tableau<double>&, const std::int32_t*, const double*, std::int64_t,
                           const double*, std::int64_t, const double*);
template std::int64_t solve_tableau(Tableau<float>&, float, float);
template std::int64_t solve_tableau(Tableau<double>&, double, double);
template void pivot_at(Tableau<double>&, std::int64_t);
template bool depends_on_support(const Tableau<double>&, std::int64_t, double);
template std::int64_t blocking_atom(const Tableau<double>&, std::int64_t);
template void enter_all(Tableau<double>&, double);
template void newton_step(Tableau<float>&, const float*);
template void newton_step(Tableau<double>&, const double*);
template void change_lambda(Tableau<float>&, float);
template void change_lambda(Tableau<double>&, double);
template void flip_sign(Tableau<float>&, std::int64_t);
template void flip_sign(Tableau<double>&, std::int64_t);

}  // namespace splice_cuda::cpu
#endif
