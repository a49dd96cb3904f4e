#pragma once

/// @file memory_matrix.hpp
/// A tableau's matrix in memory that the group's lanes share.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "kernels/warp_products.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// The matrix M of a Tableau (tableau.hpp): symmetric within the support and outside it, antisymmetric between them.
/// `row` is scratch that the tableau lends: [capacity].
template <class Group, class T>
class MemoryMatrix {
 public:
  template <class U>
  using Array = typename Group::template Array<U>;
  static constexpr bool cheap_sweeps = false;

  /// @param cells  [capacity, capacity]
  SPLICE_KERNEL MemoryMatrix(Group& group, T* cells, int capacity)
      : group_(group), capacity_(capacity), cells_(group.array(cells, static_cast<std::int64_t>(capacity) * capacity)) {}

  SPLICE_KERNEL T diagonal(int k) const { return cells_[at(k, k)]; }

  /// row[j] = M_kj for j < size, j != k; row[k] is for sweep(). The caller has a barrier afterwards.
  SPLICE_KERNEL void read_row(int k, int size, const Array<T>& row) {
    group_.each([&](int lane) SPLICE_INLINED {
      for (int j = lane; j < size; j += Group::size) row[j] = static_cast<T>(cells_[at(k, j)]);
    });
  }

  /// The sweep that exchanges x_k and y_k: row is what read_row() gave, column(i) gives M_ik. The caller has a barrier
  /// afterwards.
  /// @param use  use(i, M_ik / M_kk) for i < size by one lane each; what is given for k says nothing: column(k) is not asked for
  template <class Column, class Use>
  SPLICE_KERNEL void sweep(int k, int size, T inverse, const Array<T>& row, Column column, Use use) {
    group_.each([&](int lane) SPLICE_INLINED {
      for (int i = lane / 32; i < size; i += Group::size / 32) {
        const T factor = i == k ? T(0) : column(i) * inverse;
        if (lane % 32 == 0) use(i, factor);
        for (int j = lane % 32; j < size; j += 32) {
          const T swept = std::fma(-factor, static_cast<T>(row[j]), static_cast<T>(cells_[at(i, j)]));
          const T own = j == k ? inverse : -inverse * static_cast<T>(row[j]);
          cells_[at(i, j)] = i == k ? own : j == k ? factor : swept;
        }
      }
    });
  }

  /// A new last row and column: M_nj = row[j], M_jn = transposed(j), M_nn = own.
  template <class Transposed>
  SPLICE_KERNEL void append(int n, T own, const Array<T>& row, Transposed transposed) {
    group_.each([&](int lane) SPLICE_INLINED {
      for (int j = lane; j < n; j += Group::size) {
        cells_[at(n, j)] = static_cast<T>(row[j]);
        cells_[at(j, n)] = transposed(j);
      }
    });
    group_.once([&] { cells_[at(n, n)] = own; });
  }

  /// use(k, sum over s in the support of v(s) M_sk) for k < size, by one lane each.
  template <class Member, class Vector, class Use>
  SPLICE_KERNEL void add_up(int size, Member in_support, Vector v, Use use) {
    group_.each([&](int lane) SPLICE_INLINED {
      for (int k = lane; k < size; k += Group::size) {
        T sum = 0;
        for (int s = 0; s < size; ++s) {
          if (in_support(s)) sum = std::fma(v(s), static_cast<T>(cells_[at(s, k)]), sum);
        }
        use(k, sum);
      }
    });
  }

  /// M_ki and M_ik change their signs, for i != k.
  SPLICE_KERNEL void flip(int k, int size) {
    group_.each([&](int lane) SPLICE_INLINED {
      for (int i = lane; i < size; i += Group::size) {
        if (i == k) continue;
        cells_[at(k, i)] = -static_cast<T>(cells_[at(k, i)]);
        cells_[at(i, k)] = -static_cast<T>(cells_[at(i, k)]);
      }
    });
  }

  /// M_ik = factor(i) factor(k) <c_atom(i), c_atom(k)>. The caller has a barrier afterwards.
  template <bool rough, class Atom, class Factor>
  SPLICE_KERNEL void set_gram(const AtomsView& atoms, int count, Atom atom, Factor factor) {
    static_assert(!rough, "sets of this size are not guessed");
    gram_of_atoms(group_, atoms, count, atom, [&](int i, int k, float product) {
      const T value = static_cast<T>(product) * factor(i) * factor(k);
      cells_[at(i, k)] = value;
      if (i != k) cells_[at(k, i)] = value;
    });
  }

 private:
  SPLICE_KERNEL std::int64_t at(int i, int k) const { return static_cast<std::int64_t>(i) * capacity_ + k; }

  Group& group_;
  int capacity_;
  Array<T> cells_;
};

}  // namespace splice_cuda::cuda
