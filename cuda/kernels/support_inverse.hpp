#pragma once

/// @file support_inverse.hpp
/// The inverse of a support's Gram matrix, explicit: atoms join by bordering and leave by deflation.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// H = inv(G_SS), symmetric bit by bit. Slots are those of the support.
template <class Group>
class SupportInverse {
  template <class T>
  using Array = typename Group::template Array<T>;

 public:
  /// @param cells  [capacity, capacity]
  SPLICE_KERNEL SupportInverse(Group& group_, double* cells_, int capacity_)
      : group(group_), capacity(capacity_), cells(group_.array(cells_, static_cast<std::int64_t>(capacity_) * capacity_)) {}

  SPLICE_KERNEL int size() const { return count; }
  SPLICE_KERNEL void clear() { count = 0; }

  /// use(s, (H x)_s, (H y)_s) by one lane each; x(t), y(t) by any. The caller has a barrier afterwards.
  template <class X, class Y, class Use>
  SPLICE_KERNEL void multiply(X x, Y y, Use use) {
    struct Sums {
      double of[2];
    };
    group.warps([&](auto& warp, int index) SPLICE_INLINED {
      using Warp = std::remove_reference_t<decltype(warp)>;
      typename Warp::template PerLane<Sums> sums;
      typename Warp::template PerLane<double> totals;
      SPLICE_NO_UNROLL
      for (int s = index; s < count; s += Group::warp_count) {
        warp.each([&](int lane) SPLICE_INLINED {
          Sums own = {};
          SPLICE_NO_UNROLL
          for (int t = lane; t < count; t += Warp::size) {
            const double cell = cells[at(s, t)];
            own.of[0] = std::fma(cell, x(t), own.of[0]);
            own.of[1] = std::fma(cell, y(t), own.of[1]);
          }
          sums[lane] = own;
        });
        warp.template sum_each<2>([&](int lane) { return sums[lane].of; }, totals);
        const double first = warp.broadcast(totals, 0);
        const double second = warp.broadcast(totals, Warp::size / 2);
        warp.once([&] { use(s, first, second); });
      }
    });
  }

  /// A slot more: u(s) = (H g)_s for the products g of the new atom with the support, pivot = |c|^2 - g.u. The caller has a
  /// barrier before, if others read H, and afterwards.
  template <class U>
  SPLICE_KERNEL void border(U u, double pivot) {
    const double inverse = 1 / pivot;
    each_cell(count + 1, [&](int i, int k) SPLICE_INLINED {
      if (i < count && k < count) {
        cells[at(i, k)] = std::fma(inverse, u(i) * u(k), static_cast<double>(cells[at(i, k)]));
      } else {
        cells[at(i, k)] = i < count ? -u(i) * inverse : k < count ? -u(k) * inverse : inverse;
      }
    });
    ++count;
  }

  /// Without slot s, which the last one takes. Has barriers inside; the caller has one afterwards.
  /// @param kept  [capacity] scratch, which nobody may read without a barrier before
  SPLICE_KERNEL void remove(int s, const Array<double>& kept) {
    const int last = count - 1;
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int t = lane; t < count; t += Group::size) kept[t] = static_cast<double>(cells[at(s, t)]);
    });
    group.sync();
    const double inverse = 1 / static_cast<double>(kept[s]);
    // Row and column s are read no more: what the last one has goes there.
    each_cell(count, [&](int i, int k) SPLICE_INLINED {
      if (i == s || k == s) return;
      const double own = cells[at(i, k)];
      const double change = static_cast<double>(kept[i]) * static_cast<double>(kept[k]);
      cells[at(i == last ? s : i, k == last ? s : k)] = std::fma(-inverse, change, own);
    });
    --count;
  }

 private:
  SPLICE_KERNEL std::int64_t at(int i, int k) const { return static_cast<std::int64_t>(i) * capacity + k; }

  /// body(i, k) for i, k < size, a row by a warp's lanes.
  template <class Body>
  SPLICE_KERNEL void each_cell(int size, Body body) {
    group.each([&](int lane) SPLICE_INLINED {
      SPLICE_NO_UNROLL
      for (int i = lane / 32; i < size; i += Group::size / 32) {
        SPLICE_NO_UNROLL
        for (int k = lane % 32; k < size; k += 32) body(i, k);
      }
    });
  }

  Group& group;
  int capacity;
  int count = 0;
  Array<double> cells;
};

}  // namespace splice_cuda::cuda
