#include "cpu/pivoting.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>

#include "core/path_math.hpp"
#include "cpu/append_kernels.hpp"
#include "cpu/tableau_kernels.hpp"

namespace splice_cuda::cpu {
namespace {

std::size_t at(std::int64_t k) { return static_cast<std::size_t>(k); }

template <class T>
void grow(std::vector<T>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer.resize(size);
}

using math::least_slope;
using math::most_exchanges;

/// Which member is exchanged next, and which atoms are no longer asked.
template <class T>
struct Choice {
  const Tableau<T>& t;
  bool excluded = false;                ///< some atom has had all its exchanges
  std::vector<std::uint8_t> exchanges;  ///< [size]

  /// Place of the most negative member of the support, or where that has none, of the others below -tolerance; or -1.
  std::int64_t most_negative(T tolerance) const {
    if (!excluded) return lowest_member(t, tolerance);
    const std::int64_t leaving = lowest_member(t, std::numeric_limits<T>::max());
    if (leaving >= 0 && t.in_support[at(leaving)] != 0) return leaving;  // not an infinite one of the others
    std::int64_t found = -1;
    T lowest = -tolerance;
    for (std::int64_t k = 0; k < t.size; ++k) {
      if (!(t.value[at(k)] < lowest) || t.in_support[at(k)] != 0 || exchanges[at(k)] >= most_exchanges) continue;
      found = k;
      lowest = t.value[at(k)];
    }
    return found;
  }
  void exclude(std::int64_t k) {
    exchanges[at(k)] = most_exchanges;
    excluded = true;
  }
};

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
    if (!(slope < least_slope)) continue;
    const T step = -t.value[at(s)] / slope;
    if (found >= 0 && !(step < shortest)) continue;
    found = s;
    shortest = step;
  }
  return found;
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
  if constexpr (std::is_same_v<T, float>) {  // others never wait
    queued_rows = make_aligned<T>(static_cast<std::size_t>(most_queued * grown), "a row's working set");
    queued_factors = make_aligned<T>(static_cast<std::size_t>(most_queued * grown), "a row's working set");
    queued_entries = make_aligned<T>(static_cast<std::size_t>(most_queued * grown), "a row's working set");
    up_to_date.assign(at(grown), 0);
    waiting.resize(at(grown));
  }
  ld = grown;
  value.resize(at(grown));
  in_support.resize(at(grown));
  atoms.resize(at(grown));
  factors.resize(at(grown));
  diagonal.resize(at(grown));
}

// y_i = sum_k G_ik x_k + ...: what the support holds is replaced by its own rows of the tableau, places outside keep
// G_ik. New columns follow from the sign symmetry of principal tableaux.
template <class T>
void append_atoms(Tableau<T>& t, const std::int32_t* atoms, const T* factors, std::int64_t count,
                  const T* gram, std::int64_t ld_gram, const T* values, AppendScratch<T>& scratch) {
  const std::int64_t first = t.size;
  t.reserve(round_up(first + count, tableau_multiple));
  t.size = first + count;
  std::vector<std::int32_t>& support = scratch.support;
  support.resize(at(first));
  std::size_t found = 0;
  for (std::int64_t k = 0; k < first; ++k) {
    support[found] = static_cast<std::int32_t>(k);
    found += t.in_support[at(k)] != 0 ? 1u : 0u;
  }
  support.resize(found);
  const auto ld_coefs = static_cast<std::int64_t>(found);
  const std::int64_t padded_count = round_up(count, tableau_multiple);
  grow(scratch.coefs, at(count * ld_coefs + tableau_multiple));
  grow(scratch.block, at(count * padded_count));
  for (std::int64_t i = 0; i < count; ++i) {
    const T* g = gram + i * ld_gram;
    t.in_support[at(first + i)] = 0;
    t.atoms[at(first + i)] = atoms[i];
    t.factors[at(first + i)] = factors[i];
    t.value[at(first + i)] = values[i];
    t.diagonal[at(first + i)] = g[first + i];
    std::copy_n(g + first, count, scratch.block.data() + i * padded_count);
    std::fill(scratch.block.data() + i * padded_count + count, scratch.block.data() + (i + 1) * padded_count, T(0));
  }
  std::fill(t.in_support.begin() + t.size, t.in_support.begin() + t.padded_size(), std::uint8_t{0});
  for (std::int64_t i = 0; i < count; ++i) {
    part_gram_row(t, first, gram + i * ld_gram, t.row(first + i), scratch.coefs.data() + i * ld_coefs);
  }
  AddedRows<T> sums{scratch.coefs.data(), ld_coefs, t.row(0), t.ld, support, t.row(first), t.ld, count,
                    round_up(first, tableau_multiple)};
  if (found > 0) add_rows(sums);
  mirror_rows(t, first);
  // Then the block of the new ones: by the new columns of the support's rows.
  sums.source = t.row(0) + first;
  sums.out = scratch.block.data();
  sums.ld_out = padded_count;
  sums.width = padded_count;
  if (found > 0) add_rows(sums);
  for (std::int64_t i = 0; i < count; ++i) {
    std::copy_n(scratch.block.data() + i * padded_count, count, t.row(first + i) + first);
  }
}

/// Drives the negative member at k up to 0 by its partner's growth from 0 on; a member that would turn negative on the way is
/// exchanged first, so that no other one does (Cottle & Dantzig's principal pivoting method, finite for every
/// positive definite G: each call leaves fewer negative members). The matrix is up to date.
/// @returns number of pivots
template <class T>
std::int64_t drive(Tableau<T>& t, std::int64_t k, T pivot_floor, std::int64_t limit, Choice<T>& choice) {
  T way = 0;  // what the partner has grown by
  std::int64_t pivots = 0;
  while (pivots < limit) {
    const bool free = t.in_support[at(k)] == 0 && depends_on_support(t, k, pivot_floor);  // growth that costs nothing
    T shortest = free ? std::numeric_limits<T>::max() : -t.value[at(k)] / t.row(k)[k];
    const T steepest = free ? T(least_slope) : T(0);
    std::int64_t blocking = k;
    for (std::int64_t i = 0; i < t.size; ++i) {
      const T slope = t.row(i)[k];
      if (i == k || !(slope < steepest) || t.value[at(i)] + slope * way < 0) continue;
      const T step = -t.value[at(i)] / slope;
      if (!(step < shortest)) continue;
      if (t.in_support[at(i)] == 0 && depends_on_support(t, i, pivot_floor)) continue;
      blocking = i;
      shortest = step;
    }
    if (blocking == k && free) {
      choice.exclude(k);
      return pivots;
    }
    pivot(t, blocking);
    ++pivots;
    if (blocking == k) return pivots;
    way = std::max(way, shortest);
  }
  return pivots;
}

template <class T>
std::int64_t solve_tableau(Tableau<T>& t, T tolerance, T pivot_floor, std::int64_t most_pivots) {
  const std::int64_t patience = 2 * t.size + 30;
  const std::int64_t limit = std::min(most_pivots, 40 * t.size + 500);
  Choice<T> choice{t, false, std::vector<std::uint8_t>(at(t.size), 0)};
  std::int64_t pivots = 0;
  while (pivots < limit) {
    const std::int64_t k = choice.most_negative(tolerance);
    if (k < 0) break;
    const bool leaves = t.in_support[at(k)] != 0;
    if (pivots > patience) {
      flush_pivots(t);
      pivots += std::max<std::int64_t>(1, drive(t, k, pivot_floor, limit - pivots, choice));
      continue;
    }
    update_row(t, k);
    if (!leaves && depends_on_support(t, k, pivot_floor)) {
      std::uint8_t& exchanges = choice.exchanges[at(k)];
      flush_pivots(t);
      const std::int64_t blocking = blocking_atom(t, k);
      if (blocking < 0) {
        choice.exclude(k);
        continue;
      }
      choice.excluded |= ++exchanges >= most_exchanges;
      queue_pivot(t, blocking);
      ++pivots;
      update_row(t, k);
      if (depends_on_support(t, k, pivot_floor)) continue;
    }
    queue_pivot(t, k);
    ++pivots;
  }
  flush_pivots(t);
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
void lambda_gains(const Tableau<T>& t, std::vector<T>& gains) {
  gains.assign(at(t.size), T(0));
  for (std::int64_t s = 0; s < t.size; ++s) {
    if (t.in_support[at(s)] == 0) continue;
    const T* row = t.row(s);
    for (std::int64_t k = 0; k < t.size; ++k) gains[at(k)] += row[k];
  }
}

template <class T>
void lower_lambda(Tableau<T>& t, const std::vector<T>& gains, T step) {
  for (std::int64_t k = 0; k < t.size; ++k) {
    t.value[at(k)] += t.in_support[at(k)] != 0 ? step * gains[at(k)] : -step * (1 + gains[at(k)]);
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
                           std::int64_t, const float*, AppendScratch<float>&);
template void append_atoms(Tableau<double>&, const std::int32_t*, const double*, std::int64_t,
                           const double*, std::int64_t, const double*, AppendScratch<double>&);
template std::int64_t solve_tableau(Tableau<float>&, float, float, std::int64_t);
template std::int64_t solve_tableau(Tableau<double>&, double, double, std::int64_t);
template bool depends_on_support(const Tableau<double>&, std::int64_t, double);
template std::int64_t blocking_atom(const Tableau<double>&, std::int64_t);
template void enter_all(Tableau<double>&, double);
template void newton_step(Tableau<float>&, const float*);
template void newton_step(Tableau<double>&, const double*);
template void lambda_gains(const Tableau<float>&, std::vector<float>&);
template void lambda_gains(const Tableau<double>&, std::vector<double>&);
template void lower_lambda(Tableau<float>&, const std::vector<float>&, float);
template void lower_lambda(Tableau<double>&, const std::vector<double>&, double);
template void flip_sign(Tableau<float>&, std::int64_t);
template void flip_sign(Tableau<double>&, std::int64_t);

}  // namespace splice_cuda::cpu
