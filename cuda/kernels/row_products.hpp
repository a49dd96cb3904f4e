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

/// residual = z - sum over i < count with weight(i) != 0 of weight(i) c_atom(i). Ends with a barrier.
template <class Group, class Vector, class Atom, class Weight>
SPLICE_KERNEL void subtract_atoms(Group& group, const AtomsView& atoms, const float* z, int count, Atom atom,
                                  Weight weight, const Vector& residual) {
  group.each([&](int lane) SPLICE_INLINED {
    for (std::int64_t k = lane; k < atoms.dim; k += Group::size) {
      double r = static_cast<double>(z[k]);
      for (int i = 0; i < count; ++i) {
        const double w = weight(i);
        if (w != 0) r = std::fma(-w, static_cast<double>(atoms.atoms[atom(i) * atoms.ld + k]), r);
      }
      residual[k] = r;
    }
  });
  group.sync();
}

}  // namespace splice_cuda::cuda
