#pragma once

/// @file row_products.hpp
/// Products and residuals of one row, by a group: in fp64 what the exact solver and certificates are made of. Residuals are made
/// atom by atom, 16 bytes of it a lane at a time.

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/views.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::cuda {

/// Four numbers of x from k on, as T.
template <class T, class Warp, class Vector>
SPLICE_KERNEL void read_four(Warp& warp, const Vector& x, std::int64_t k, T* to) {
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(x[k])>, float>) {
    const Four four = warp.load4(x, k);
    SPLICE_UNROLL
    for (int e = 0; e < 4; ++e) to[e] = static_cast<T>(four.of[e]);
  } else {
    SPLICE_UNROLL
    for (int e = 0; e < 4; ++e) to[e] = static_cast<T>(x[k + e]);
  }
}

/// <c_j, x> for x [ld], over the dimensions in order: by one lane.
template <class Vector>
SPLICE_KERNEL double dot_atom(const AtomsView& atoms, std::int64_t j, const Vector& x) {
  const float* atom = atoms.atoms + j * atoms.ld;
  double sum = 0;
  SPLICE_NO_UNROLL
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
    SPLICE_UNROLL_BY((Group::size == 32 ? 4 : 1))  // blocks lack the registers
    for (std::int64_t k = lane; k < dim; k += Group::size) sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
    return sum;
  });
}

/// |x|^2 over `dim` numbers, in fp64.
template <class Group, class Vector>
SPLICE_OUT_OF_LINE double squared_norm(Group& group, std::int64_t dim, Vector x) {
  return dot_vectors(group, dim, x, x);
}

/// |residual - scale q| in T, by all lanes: how far a residual has moved since it was screened.
/// @param residual  [ld], zero past the dimension, as q is
template <class T, class Group, class Vector>
SPLICE_OUT_OF_LINE T distance_to_copy(Group& group, std::int64_t ld, Vector residual, const std::int8_t* q, T scale) {
  return std::sqrt(group.template sum<T>([&](int lane) {
    T sum = 0;
    SPLICE_UNROLL_BY(4)
    for (std::int64_t k = 4 * lane; k < ld; k += 4 * Group::size) {
      T own[4];
      read_four<T>(group, residual, k, own);
      const std::uint32_t word = *reinterpret_cast<const std::uint32_t*>(q + k);
      SPLICE_UNROLL
      for (int e = 0; e < 4; ++e) {
        const auto byte = static_cast<std::int8_t>(word >> (8 * e));
        const T change = own[e] - scale * static_cast<T>(byte);
        sum = std::fma(change, change, sum);
      }
    }
    return sum;
  }));
}

/// Atoms in float32, 16 bytes a load.
struct FloatAtoms {
  using Lot = Four;
  static constexpr int width = 4;  ///< numbers of a lot
  static constexpr int lots = 4;   ///< of an atom that a lane of a warp reads at once
  static constexpr int at_once = 4;  ///< atoms whose loads are on their way together
  const float* atoms = nullptr;    ///< [, ld] AtomsView::atoms
  std::int64_t ld = 0;

  SPLICE_KERNEL const float* row(std::int64_t atom) const { return atom_row(atoms, atom, ld); }
  template <class Group>
  SPLICE_KERNEL Lot load(Group& group, const float* row, std::int64_t k) const {
    return group.load4(row, k);
  }
  template <class Group>
  static SPLICE_KERNEL float number(const Lot& lot, int e) {
    return lot.of[e];
  }
};

/// Their high float16 parts alone (split_atoms.hpp): half the bytes. Weights, or products, are multiplied by half_scales.
struct HighAtoms {
  using Lot = Chunk;
  static constexpr int width = 8;
  static constexpr int lots = 2;
  static constexpr int at_once = 4;
  const Float16* halves = nullptr;  ///< [, 2, ld] AtomsView::halves
  std::int64_t ld = 0;

  SPLICE_KERNEL const Float16* row(std::int64_t atom) const { return atom_row(halves, atom, 2 * ld); }
  template <class Group>
  SPLICE_KERNEL Lot load(Group&, const Float16* row, std::int64_t k) const {
    return *reinterpret_cast<const Chunk*>(row + k);
  }
  template <class Group>
  static SPLICE_KERNEL float number(const Lot& lot, int e) {
    return Group::float_of({static_cast<std::uint16_t>(lot.words[e / 2] >> (e % 2 * 16))});
  }
};

SPLICE_KERNEL FloatAtoms float_atoms(const AtomsView& atoms) { return {atoms.atoms, atoms.ld}; }
SPLICE_KERNEL HighAtoms high_atoms(const AtomsView& atoms) { return {atoms.halves, atoms.ld}; }

/// residual = z - sum over i < count of weight(i) c_atom(i), in T, zero past the dimension: [ld]. Ends with a barrier.
/// @param z  [ld], zero past the dimension
template <class T, class Group, class Source, class Z, class Vector, class Atom, class Weight>
SPLICE_KERNEL void subtract_rows(Group& group, const Source& source, const Z& z, int count, Atom atom, Weight weight,
                                 const Vector& residual) {
  constexpr int lots = Group::size == 32 ? Source::lots : 1;
  constexpr int at_once = Source::at_once;
  constexpr int width = Source::width;
  constexpr std::int64_t stride = width * Group::size;
  group.each([&](int lane) SPLICE_INLINED {
    SPLICE_NO_UNROLL
    for (std::int64_t first = width * lane; first < source.ld; first += lots * stride) {
      T r[lots][width];
      SPLICE_UNROLL
      for (int f = 0; f < lots; ++f) {
        const std::int64_t k = first + f * stride;
        SPLICE_UNROLL
        for (int e = 0; e < width; e += 4) {
          const Four four = k < source.ld ? group.load4(z, k + e) : Four{};
          SPLICE_UNROLL
          for (int i = 0; i < 4; ++i) r[f][e + i] = static_cast<T>(four.of[i]);
        }
      }
      SPLICE_NO_UNROLL
      for (int i = 0; i < count; i += at_once) {
        typename Source::Lot values[at_once][lots];
        T weights[at_once];
        SPLICE_UNROLL
        for (int a = 0; a < at_once; ++a) {
          const int at = i + a < count ? i + a : count - 1;
          weights[a] = i + a < count ? static_cast<T>(weight(at)) : T(0);
          const auto* from = source.row(atom(at));
          SPLICE_UNROLL
          for (int f = 0; f < lots; ++f) {
            const std::int64_t k = first + f * stride;
            values[a][f] = k < source.ld ? source.load(group, from, k) : typename Source::Lot{};
          }
        }
        SPLICE_UNROLL
        for (int a = 0; a < at_once; ++a) {
          SPLICE_UNROLL
          for (int f = 0; f < lots; ++f) {
            SPLICE_UNROLL
            for (int e = 0; e < width; ++e) {
              r[f][e] = std::fma(-weights[a], static_cast<T>(Source::template number<Group>(values[a][f], e)), r[f][e]);
            }
          }
        }
      }
      SPLICE_UNROLL
      for (int f = 0; f < lots; ++f) {
        const std::int64_t k = first + f * stride;
        if (k >= source.ld) continue;
        if constexpr (std::is_same_v<T, float>) {
          SPLICE_UNROLL
          for (int e = 0; e < width; e += 4) group.store4(residual, k + e, {{r[f][e], r[f][e + 1], r[f][e + 2], r[f][e + 3]}});
        } else {
          SPLICE_UNROLL
          for (int e = 0; e < width; ++e) residual[k + e] = r[f][e];
        }
      }
    }
  });
  group.sync();
}

template <class T, class Group, class Z, class Vector, class Atom, class Weight>
SPLICE_KERNEL void subtract_atoms(Group& group, const AtomsView& atoms, const Z& z, int count, Atom atom, Weight weight,
                                  const Vector& residual) {
  subtract_rows<T>(group, float_atoms(atoms), z, count, atom, weight, residual);
}

/// The same in float32, of listed atoms with their weights.
/// @param source  FloatAtoms or HighAtoms
template <class Group, class Source, class Vector, class List, class Weights>
SPLICE_OUT_OF_LINE void subtract_listed(Group& group, Source source, Vector z, int count, List list, Weights weights,
                                        Vector residual) {
  subtract_rows<float>(
      group, source, z, count, [&](int i) -> std::int64_t { return static_cast<std::int32_t>(list[i]); },
      [&](int i) -> float { return weights[i]; }, residual);
}

}  // namespace splice_cuda::cuda
