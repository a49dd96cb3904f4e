#pragma once

/// @file tableau.hpp
/// Principal pivoting by a group of lanes, in memory they share: the small problem
///     min over x >= 0 of 1/2 x'G x - (b - lambda)'x
/// as the complementarity problem y = G x - b + lambda >= 0, x >= 0, x.y = 0 (Cottle, Pang & Stone, "The Linear
/// Complementarity Problem", 4.2). The tableau of a support S holds inv(G_SS) in the support and the Schur complement outside;
/// between them it is antisymmetric.

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/atom_names.hpp"
#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Memory of a tableau of `capacity` places, beside its matrix.
template <class T>
struct TableauMemory {
  T* value = nullptr;     ///< [capacity] of the basic member: x_k in the support, y_k outside
  T* diagonal = nullptr;  ///< [capacity] of the Gram matrix
  T* factor = nullptr;    ///< [capacity] +-1 / a_j: atom k acts as factor_k c_k
  T* row = nullptr;       ///< [capacity] scratch
  std::int32_t* atom = nullptr;        ///< [capacity]
  std::int32_t* in_support = nullptr;  ///< [capacity]
  std::int32_t* exchanges = nullptr;   ///< [capacity] scratch
};

/// @tparam Matrix  MemoryMatrix, RegisterMatrix or BlockRegisterMatrix: where the tableau lies, and how it is swept
template <class Group, class T, class Matrix>
class Tableau {
 public:
  template <class U>
  using Array = typename Group::template Array<U>;

  SPLICE_KERNEL Tableau(Group& group, Matrix& matrix, const TableauMemory<T>& memory, int capacity)
      : group_(group),
        matrix_(matrix),
        capacity_(capacity),
        value(group.array(memory.value, capacity)),
        diagonal(group.array(memory.diagonal, capacity)),
        factor(group.array(memory.factor, capacity)),
        row_(group.array(memory.row, capacity)),
        atom(group.array(memory.atom, capacity)),
        in_support(group.array(memory.in_support, capacity)),
        exchanges_(group.array(memory.exchanges, capacity)) {}

  SPLICE_KERNEL int size() const { return size_; }
  /// After set_atoms() or name_atoms(), whatever has been appended since.
  SPLICE_KERNEL bool has_atom(std::int32_t wanted) const { return has_name(atom, size_, wanted); }
  /// `count` atoms in place of all others, and none after them: for has_atom() alone, until set_atoms(). Ends with a barrier.
  template <class Atom>
  SPLICE_KERNEL void name_atoms(int count, Atom atom_of) {
    size_ = count;
    cuda::name_atoms(group_, atom, capacity_, count, atom_of);
  }
  SPLICE_KERNEL void clear() { size_ = 0; }

  /// `count` atoms outside the support, in place of all others, and none after them. The caller sets their values, before the next barrier,
  /// of which solve() has one, or after it.
  /// @tparam rough  a guess will do
  /// @param beside  what else the matrix is told of products that it can make beside its own
  template <bool rough = false, class Atom, class Factor, class... Beside>
  SPLICE_KERNEL void set_atoms(const AtomsView& atoms, int count, Atom atom_of, Factor factor_of, const Beside&... beside) {
    size_ = count;
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int i = lane; i < count; i += Group::size) {
        atom[i] = atom_of(i);
        factor[i] = factor_of(i);
        in_support[i] = 0;
      }
      for (int i = count + lane; i < capacity_; i += Group::size) {
        atom[i] = no_atom;
        factor[i] = 0;
      }
    });
    group_.sync();
    matrix_.template set_gram<rough>(
        atoms, count, [&](int i) -> std::int64_t { return atom[i]; }, [&](int i) -> T { return factor[i]; }, beside...);
    group_.sync();
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int i = lane; i < count; i += Group::size) diagonal[i] = matrix_.diagonal(i);
    });
  }

  /// Adds one atom at the end, outside the support. gram[k] = factor factor_k <c, c_k> for k in [0, size], the last of
  /// which is the new atom's own; y = lambda - factor <c, r> at the present x. Ends with a barrier.
  template <class Gram>
  SPLICE_KERNEL void append(std::int32_t new_atom, T new_factor, T y, const Gram& gram) {
    const int n = size_;
    matrix_.add_up(
        n, [&](int s) { return in_support[s] != 0; }, [&](int s) -> T { return gram[s]; },
        [&](int k, T sum) { row_[k] = (in_support[k] != 0 ? T(0) : static_cast<T>(gram[k])) + sum; });  // read by the same lane
    const T inside = group_.template sum<T>([&](int lane) SPLICE_INLINED {
      T sum = 0;
      SPLICE_NO_UNROLL
      for (int s = lane; s < n; s += Group::size) {
        if (in_support[s] != 0) sum = std::fma(static_cast<T>(gram[s]), static_cast<T>(row_[s]), sum);
      }
      return sum;
    });
    const T gram_n = gram[n];
    matrix_.append(n, gram_n - inside, row_, [&](int j) -> T {
      return in_support[j] != 0 ? -static_cast<T>(row_[j]) : static_cast<T>(row_[j]);
    });
    group_.once([&] {
      value[n] = y;
      diagonal[n] = gram_n;
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
  /// blocks its way, or stays out.
  /// @param expected  so many atoms, the first ones, are taken into the support without a search if they are independent of
  ///                  each other: it is empty so far, and most of them will stay
  /// @param most_pivots  after which it stops where it is  @returns number of pivots
  SPLICE_KERNEL int solve(T tolerance, T pivot_floor, int expected = 0, int most_pivots = std::numeric_limits<int>::max()) {
    const int patience = 4 * size_ + 50;
    const int usual = 40 * size_ + 500;
    const int limit = usual < most_pivots ? usual : most_pivots;
    group_.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int k = lane; k < size_; k += Group::size) exchanges_[k] = 0;
    });
    group_.sync();
    int pivots = 0;
    int waiting = -1;  // a dependent atom, for which another one has just made room
    int entered = 0;
    SPLICE_NO_UNROLL
    while (pivots < limit) {
      int k = waiting;
      const bool entering = entered < expected;
      if (entering) {
        k = entered++;
      } else if (waiting < 0) {
        k = next_place(tolerance, pivots > patience);
        if (k < 0) break;
      }
      const bool dependent = in_support[k] == 0 && depends_on_support(k, pivot_floor);
      if (dependent) {
        if (entering) continue;
        const bool again = waiting >= 0;
        waiting = -1;
        if (again) continue;
        const int blocking = blocking_atom(k);
        const int times = exchanges_[k] + 1;
        group_.sync();
        group_.once([&] { exchanges_[k] = blocking < 0 ? most_exchanges : times; });
        group_.sync();
        if (blocking < 0) continue;
        waiting = k;
        k = blocking;
      } else {
        waiting = -1;
      }
      pivot(k);
      ++pivots;
    }
    return pivots;
  }

  /// Takes every independent atom into the support, whatever the signs: least squares, with lambda = 0.
  SPLICE_KERNEL void enter_all(T pivot_floor) {
    SPLICE_NO_UNROLL
    for (int k = 0; k < size_; ++k) {
      if (in_support[k] == 0 && !depends_on_support(k, pivot_floor)) pivot(k);
    }
  }

  /// One Newton step on the support from y = lambda - factor_k <c_k, r> known at full precision ([size]):
  /// x_S -= inv(G_SS) y_S; outside the support y is carried along. solve() begins with a barrier.
  template <class Slacks>
  SPLICE_KERNEL void newton_step(const Slacks& y) {
    matrix_.add_up(
        size_, [&](int s) { return in_support[s] != 0; }, [&](int s) -> T { return y[s]; }, [&](int k, T sum) {
          value[k] = in_support[k] != 0 ? static_cast<T>(value[k]) - sum : static_cast<T>(y[k]) + sum;
        });
  }

  /// Turns atom k, outside the support, into its negative (weights of either sign). Ends with a barrier.
  SPLICE_KERNEL void flip_sign(int k) {
    matrix_.flip(k, size_);
    group_.once([&] { factor[k] = -static_cast<T>(factor[k]); });
    group_.sync();
  }

  /// Signed weights: atoms outside the support that would rather act as their negatives, by slacks (see newton_step), are
  /// turned, their slacks too. Nobody may read slacks without a barrier before. Ends with a barrier, if there are any.
  template <class Slacks>
  SPLICE_KERNEL void turn_negatives(const Slacks& slacks, T lambda) {
    SPLICE_NO_UNROLL
    for (int k = 0; k < size_; ++k) {
      const T y = slacks[k];
      if (in_support[k] != 0 || !(y > 2 * lambda)) continue;
      flip_sign(k);
      group_.once([&] { slacks[k] = 2 * lambda - y; });
      group_.sync();
    }
  }

  /// How far slacks are from what they should be: 0 in the support, not negative outside it.
  template <class Slacks>
  SPLICE_KERNEL T largest_violation(const Slacks& slacks) {
    return group_.template max<T>([&](int lane) SPLICE_INLINED {
      T worst = 0;
      SPLICE_NO_UNROLL
      for (int k = lane; k < size_; k += Group::size) {
        const T y = slacks[k];
        const T violation = in_support[k] != 0 ? std::fabs(y) : -y;
        worst = violation > worst ? violation : worst;
      }
      return worst;
    });
  }

 private:
  /// Times that a dependent atom may push another one out before it stays out: what is left between them is rounding.
  static constexpr int most_exchanges = 8;

  SPLICE_KERNEL bool depends_on_support(int k, T pivot_floor) const {
    return !(matrix_.diagonal(k) > pivot_floor * static_cast<T>(diagonal[k]));
  }

  /// The member to exchange next: the lowest negative one in the support, else the lowest one outside that is below
  /// -tolerance; among equals the lowest index. least_index: the first one of either kind. -1 where there is none.
  SPLICE_KERNEL int next_place(T tolerance, bool least_index) {
    constexpr auto nothing = T(3e38);
    // Members of the support go first, as they are compared: what lies this far above those outside is rounding.
    constexpr auto first = T(0x1p60);
    return group_.template place_of_lowest<T>(
        size_,
        [&](int k) SPLICE_INLINED {
          const T v = value[k];
          const bool support = in_support[k] != 0;
          const bool movable = static_cast<std::int32_t>(exchanges_[k]) < most_exchanges;
          const bool asked = support ? v < T(0) : v < -tolerance && movable;
          return !asked ? nothing : least_index ? -nothing : support ? v * first : v;
        },
        T(0));
  }

  /// The support atom that reaches 0 first when atom k grows; -1 where none falls. x_s changes by M_sk per unit.
  SPLICE_KERNEL int blocking_atom(int k) {
    matrix_.read_row(k, size_, row_);
    group_.sync();
    const auto step = [&](int s) {
      const T slope = -static_cast<T>(row_[s]);  // atom k is outside the support
      if (in_support[s] == 0 || !(slope < T(-1e-3))) return T(3e38);
      return -static_cast<T>(value[s]) / slope;
    };
    return group_.template place_of_lowest<T>(size_, step, T(3e38));
  }

  /// Exchanges x_k and y_k: a symmetric sweep. Ends with a barrier.
  SPLICE_KERNEL void pivot(int k) {
    const T inverse = T(1) / matrix_.diagonal(k);
    const T old = value[k];
    const bool member = in_support[k] != 0;
    matrix_.read_row(k, size_, row_);
    group_.sync();
    const auto column = [&](int i) -> T {  // M_ik
      return (in_support[i] != 0) == member ? static_cast<T>(row_[i]) : -static_cast<T>(row_[i]);
    };
    matrix_.sweep(k, size_, inverse, row_, column, [&](int i, T share) {
      if (i == k) {
        value[k] = -old * inverse;
        in_support[k] = member ? 0 : 1;
      } else {
        value[i] = std::fma(-share, old, static_cast<T>(value[i]));
      }
    });
    group_.sync();
  }

  Group& group_;
  Matrix& matrix_;
  int capacity_;
  int size_ = 0;

 public:
  Array<T> value;
  Array<T> diagonal;
  Array<T> factor;

 private:
  Array<T> row_;

 public:
  Array<std::int32_t> atom;
  Array<std::int32_t> in_support;

 private:
  Array<std::int32_t> exchanges_;
};

}  // namespace splice_cuda::cuda
