#pragma once

/// @file row_products.hpp
/// Products of one row with atoms in fp64, by a group: what the exact solver and certificates are made of. Sums run over the
/// dimensions in order, one atom a lane; residuals one dimension a lane, atom by atom.

#include <cmath>
#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// <c_j, x> for x [ld].
template <class Vector>
SPLICE_KERNEL double dot_atom(const AtomsView& atoms, std::int64_t j, const Vector& x) {
  const float* atom = atoms.atoms + j * atoms.ld;
  double sum = 0;
  for (std::int64_t k = 0; k < atoms.dim; ++k) {
    sum = std::fma(static_cast<double>(atom[k]), static_cast<double>(x[k]), sum);
  }
  return sum;
}

/// <a, b> over `dim` numbers, in fp64, by all lanes. Products of float32 numbers are exact.
template <class Group, class A, class B>
SPLICE_KERNEL double dot_vectors(Group& group, std::int64_t dim, const A& a, const B& b) {
  return group.template sum<double>([&](int lane) {
    double sum = 0;
    for (std::int64_t k = lane; k < dim; k += Group::size) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
    return sum;
  });
}

/// |residual - scale q| over `dim` numbers, in fp64, by all lanes: how far a residual has moved since it was screened.
template <class Group, class Vector>
SPLICE_KERNEL double distance_to_copy(Group& group, std::int64_t dim, const Vector& residual, const std::int8_t* q,
                                      double scale) {
  return std::sqrt(group.template sum<double>([&](int lane) {
    double sum = 0;
    for (std::int64_t k = lane; k < dim; k += Group::size) {
      const double change = static_cast<double>(residual[k]) - scale * static_cast<double>(q[k]);
      sum += change * change;
    }
    return sum;
  }));
}

/// residual = z - sum over i < count of weight(i) c_atom(i), in T, zero past the dimension: [ld]. Ends with a barrier.
/// @param z  [dim]
template <class T, class Group, class Z, class Vector, class Atom, class Weight>
SPLICE_KERNEL void subtract_atoms(Group& group, const AtomsView& atoms, const Z& z, int count, Atom atom, Weight weight,
                                  const Vector& residual) {
  constexpr int at_once = 4;  // loads on their way together
  group.each([&](int lane) SPLICE_INLINED {
    SPLICE_NO_UNROLL
    for (std::int64_t k = 4 * lane; k < atoms.ld; k += 4 * Group::size) {
      T r[4];
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) r[e] = k + e < atoms.dim ? static_cast<T>(z[k + e]) : T(0);
      SPLICE_NO_UNROLL
      for (int first = 0; first < count; first += at_once) {
        Four values[at_once];
        T weights[at_once];
        SPLICE_UNROLL
        for (int i = 0; i < at_once; ++i) {
          const int at = first + i < count ? first + i : count - 1;
          weights[i] = first + i < count ? static_cast<T>(weight(at)) : T(0);
          values[i] = group.load4(atoms.atoms + atom(at) * atoms.ld, k);
        }
        SPLICE_UNROLL
        for (int i = 0; i < at_once; ++i) {
          SPLICE_UNROLL
          for (int e = 0; e < 4; ++e) r[e] = std::fma(-weights[i], static_cast<T>(values[i].of[e]), r[e]);
        }
      }
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) residual[k + e] = r[e];
    }
  });
  group.sync();
}

}  // namespace splice_cuda::cuda
