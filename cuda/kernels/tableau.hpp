#pragma once

/// @file tableau.hpp
/// Principal pivoting by a group of lanes, in memory they share: the small problem
///     min over x >= 0 of 1/2 x'G x - (b - lambda)'x
/// as the complementarity problem y = G x - b + lambda >= 0, x >= 0, x.y = 0 (Cottle, Pang & Stone, "The Linear
/// Complementarity Problem", 4.2). The tableau of a support S holds inv(G_SS) in the support and the Schur complement outside;
/// between them it is antisymmetric.

#include <cmath>
#include <cstdint>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Memory of a tableau of `capacity` places.
template <class T>
struct TableauMemory {
  T* matrix = nullptr;    ///< [capacity, capacity]
  T* value = nullptr;     ///< [capacity] of the basic member: x_k in the support, y_k outside
  T* diagonal = nullptr;  ///< [capacity] of the Gram matrix
  T* factor = nullptr;    ///< [capacity] +-1 / a_j: atom k acts as factor_k c_k
  T* row = nullptr;       ///< [capacity] scratch
  T* column = nullptr;    ///< [capacity] scratch
  std::int32_t* atom = nullptr;        ///< [capacity]
  std::int32_t* in_support = nullptr;  ///< [capacity]
  std::int32_t* exchanges = nullptr;   ///< [capacity] scratch
};

template <class Group, class T>
class Tableau {
 public:
  SPLICE_KERNEL Tableau(Group& group, const TableauMemory<T>& memory, int capacity)
      : group_(group),
        capacity_(capacity),
        matrix_(group.array(memory.matrix, static_cast<std::int64_t>(capacity) * capacity)),
        value(group.array(memory.value, capacity)),
        diagonal(group.array(memory.diagonal, capacity)),
        factor(group.array(memory.factor, capacity)),
        row_(group.array(memory.row, capacity)),
        column_(group.array(memory.column, capacity)),
        atom(group.array(memory.atom, capacity)),
        in_support(group.array(memory.in_support, capacity)),
        exchanges_(group.array(memory.exchanges, capacity)) {}

  SPLICE_KERNEL int size() const { return size_; }
  SPLICE_KERNEL int capacity() const { return capacity_; }
  SPLICE_KERNEL void clear() { size_ = 0; }

  /// A tableau of `count` places outside the support, which the caller fills: atom, factor, in_support = 0, value, and the
  /// Gram matrix by set_gram.
  SPLICE_KERNEL void reset(int count) { size_ = count; }
  /// G_ik = G_ki, with the factors of both.
  SPLICE_KERNEL void set_gram(int i, int k, T gram) {
    matrix_[at(i, k)] = gram;
    if (i == k) {
      diagonal[i] = gram;
    } else {
      matrix_[at(k, i)] = gram;
    }
  }

  /// Adds one atom at the end, outside the support. gram[k] = factor factor_k <c, c_k> for k in [0, size], the last of
  /// which is the new atom's own; y = lambda - factor <c, r> at the present x. Ends with a barrier.
  template <class Gram>
  SPLICE_KERNEL void append(std::int32_t new_atom, T new_factor, T y, const Gram& gram) {
    const int n = size_;
    group_.each([&](int lane) {
      for (int k = lane; k < n; k += Group::size) {
        const bool member = in_support[k] != 0;
        T sum = member ? T(0) : static_cast<T>(gram[k]);
        for (int s = 0; s < n; ++s) {
          if (in_support[s] != 0) sum = std::fma(static_cast<T>(gram[s]), static_cast<T>(matrix_[at(s, k)]), sum);
        }
        row_[k] = sum;
      }
    });
    group_.sync();
    group_.each([&](int lane) {
      for (int k = lane; k < n; k += Group::size) {
        const T value_k = row_[k];
        matrix_[at(n, k)] = value_k;
        matrix_[at(k, n)] = in_support[k] != 0 ? -value_k : value_k;
      }
    });
    group_.once([&] {
      T own = gram[n];
      for (int s = 0; s < n; ++s) {
        if (in_support[s] != 0) own = std::fma(static_cast<T>(gram[s]), -static_cast<T>(row_[s]), own);
      }
      matrix_[at(n, n)] = own;
      value[n] = y;
      diagonal[n] = static_cast<T>(gram[n]);
      factor[n] = new_factor;
      atom[n] = new_atom;
      in_support[n] = 0;
    });
    size_ = n + 1;
    group_.sync();
  }

  /// Pivots until x >= 0 and y >= -tolerance: the most negative member first, those of x before those of y; after a number
  /// of pivots that only cycling reaches the least index (Murty's rule, finite for every P-matrix). An atom whose pivot
  /// is below `pivot_floor` times its Gram diagonal depends on the support: it takes the place of the support atom that
  /// blocks its way, or stays out. @returns number of pivots
  SPLICE_KERNEL int solve(T tolerance, T pivot_floor) {
    const int patience = 4 * size_ + 50;
    const int limit = 40 * size_ + 500;
    group_.each([&](int lane) {
      for (int k = lane; k < size_; k += Group::size) exchanges_[k] = 0;
    });
    group_.sync();
    int pivots = 0;
    while (pivots < limit) {
      const bool least_index = pivots > patience;
      int k = most_negative(true, T(0), least_index);
      if (k < 0) {
        k = most_negative(false, tolerance, least_index);
        if (k < 0) break;
        if (depends_on_support(k, pivot_floor)) {
          const int blocking = blocking_atom(k);
          const int times = exchanges_[k] + 1;
          group_.sync();
          group_.once([&] { exchanges_[k] = blocking < 0 ? most_exchanges : times; });
          group_.sync();
          if (blocking < 0) continue;
          pivot(blocking);
          ++pivots;
          if (depends_on_support(k, pivot_floor)) continue;
        }
      }
      pivot(k);
      ++pivots;
    }
    return pivots;
  }

  /// Takes every independent atom into the support, whatever the signs: least squares, with lambda = 0.
  SPLICE_KERNEL void enter_all(T pivot_floor) {
    for (int k = 0; k < size_; ++k) {
      if (in_support[k] == 0 && !depends_on_support(k, pivot_floor)) pivot(k);
    }
  }

  /// One Newton step on the support from y = lambda - factor_k <c_k, r> known at full precision ([size]):
  /// x_S -= inv(G_SS) y_S; outside the support y is carried along. Ends with a barrier.
  template <class Slacks>
  SPLICE_KERNEL void newton_step(const Slacks& y) {
    group_.each([&](int lane) {
      for (int k = lane; k < size_; k += Group::size) {
        T change = T(0);
        for (int s = 0; s < size_; ++s) {
          if (in_support[s] != 0) change = std::fma(static_cast<T>(matrix_[at(k, s)]), static_cast<T>(y[s]), change);
        }
        value[k] = (in_support[k] != 0 ? static_cast<T>(value[k]) : static_cast<T>(y[k])) - change;
      }
    });
    group_.sync();
  }

  /// Turns atom k, outside the support, into its negative (weights of either sign). Ends with a barrier.
  SPLICE_KERNEL void flip_sign(int k) {
    group_.each([&](int lane) {
      for (int i = lane; i < size_; i += Group::size) {
        if (i == k) {
          factor[k] = -static_cast<T>(factor[k]);
          continue;
        }
        matrix_[at(k, i)] = -static_cast<T>(matrix_[at(k, i)]);
        matrix_[at(i, k)] = -static_cast<T>(matrix_[at(i, k)]);
      }
    });
    group_.sync();
  }

 private:
  /// Times that a dependent atom may push another one out before it stays out: what is left between them is rounding.
  static constexpr int most_exchanges = 8;
  static constexpr int none = 0x7fffffff;

  SPLICE_KERNEL std::int64_t at(int i, int k) const { return static_cast<std::int64_t>(i) * capacity_ + k; }

  SPLICE_KERNEL bool depends_on_support(int k, T pivot_floor) const {
    return !(static_cast<T>(matrix_[at(k, k)]) > pivot_floor * static_cast<T>(diagonal[k]));
  }

  /// Place of the lowest member below -tolerance (least_index: of the first one), of the lowest index among equals; -1.
  SPLICE_KERNEL int most_negative(bool support, T tolerance, bool least_index) {
    const auto asked = [&](int k) {
      return (in_support[k] != 0) == support && (support || exchanges_[k] < most_exchanges);
    };
    T bound = -tolerance;
    if (!least_index) {
      const T lowest = group_.template min<T>([&](int lane) {
        T found = bound;
        for (int k = lane; k < size_; k += Group::size) {
          const T v = value[k];
          if (v < found && asked(k)) found = v;
        }
        return found;
      });
      if (!(lowest < bound)) return -1;
      bound = lowest;
    }
    const int place = group_.template min<int>([&](int lane) {
      for (int k = lane; k < size_; k += Group::size) {
        const T v = value[k];
        if ((least_index ? v < bound : v == bound) && asked(k)) return k;
      }
      return none;
    });
    return place == none ? -1 : place;
  }

  /// The support atom that reaches 0 first when atom k grows; -1 where none falls. x_s changes by M_sk per unit.
  SPLICE_KERNEL int blocking_atom(int k) {
    const auto step = [&](int s) {
      const T slope = matrix_[at(s, k)];
      if (in_support[s] == 0 || !(slope < T(-1e-3))) return T(3e38);
      return -static_cast<T>(value[s]) / slope;
    };
    const T shortest = group_.template min<T>([&](int lane) {
      T found = T(3e38);
      for (int s = lane; s < size_; s += Group::size) {
        const T length = step(s);
        if (length < found) found = length;
      }
      return found;
    });
    if (!(shortest < T(3e38))) return -1;
    return group_.template min<int>([&](int lane) {
      for (int s = lane; s < size_; s += Group::size) {
        if (step(s) == shortest) return s;
      }
      return none;
    });
  }

  /// Exchanges x_k and y_k: a symmetric sweep. Ends with a barrier.
  SPLICE_KERNEL void pivot(int k) {
    const T inverse = T(1) / static_cast<T>(matrix_[at(k, k)]);
    const T old = value[k];
    group_.each([&](int lane) {
      for (int i = lane; i < size_; i += Group::size) {
        row_[i] = static_cast<T>(matrix_[at(k, i)]);
        column_[i] = static_cast<T>(matrix_[at(i, k)]) * inverse;
      }
    });
    group_.sync();
    group_.each([&](int lane) {
      const std::int64_t cells = static_cast<std::int64_t>(size_) * size_;
      for (std::int64_t cell = lane; cell < cells; cell += Group::size) {
        const int i = static_cast<int>(cell / size_);
        const int j = static_cast<int>(cell % size_);
        const T factor_i = column_[i];
        if (i == k) {
          matrix_[at(i, j)] = j == k ? inverse : -inverse * static_cast<T>(row_[j]);
        } else if (j == k) {
          matrix_[at(i, j)] = factor_i;
        } else {
          matrix_[at(i, j)] = std::fma(-factor_i, static_cast<T>(row_[j]), static_cast<T>(matrix_[at(i, j)]));
        }
      }
      for (int i = lane; i < size_; i += Group::size) {
        if (i == k) {
          value[k] = -old * inverse;
          in_support[k] = in_support[k] != 0 ? 0 : 1;
        } else {
          value[i] = std::fma(-static_cast<T>(column_[i]), old, static_cast<T>(value[i]));
        }
      }
    });
    group_.sync();
  }

  Group& group_;
  int capacity_;
  int size_ = 0;
  typename Group::template Array<T> matrix_;

 public:
  typename Group::template Array<T> value;
  typename Group::template Array<T> diagonal;
  typename Group::template Array<T> factor;

 private:
  typename Group::template Array<T> row_;
  typename Group::template Array<T> column_;

 public:
  typename Group::template Array<std::int32_t> atom;
  typename Group::template Array<std::int32_t> in_support;

 private:
  typename Group::template Array<std::int32_t> exchanges_;
};

}  // namespace splice_cuda::cuda
