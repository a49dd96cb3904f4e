#pragma once

/// @file cpu_dictionary.hpp
/// The dictionary as the CPU kernels read it: rows in their own type for exact work, int8 twice for screening
/// (panels for whole passes, rows for lists).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "cpu/aligned.hpp"

namespace splice_cuda::cpu {

/// Atoms per screening panel; atoms of a panel lie interleaved by quads of dimensions.
inline constexpr std::int64_t panel_atoms = 32;

struct CpuDictionary final : DictionaryData {
  /// dim rounded up to 64: the length of vectors that atoms are multiplied with, and bytes between rows of
  /// `rows8`.
  std::int64_t ld = 0;
  std::int64_t panels = 0;
  /// [size, ld] of `dtype`, aligned to the element: copied into `own_atoms` with zeros past dim, or, where
  /// nothing is past dim, read where the caller has them. Rows are what `dim` numbers are given, apart from
  /// the sign of zeros.
  TypedMatrixView atoms;
  AlignedArray<std::byte> own_atoms;
  std::shared_ptr<const void> owner;  ///< of memory that is not ours
  /// int8 atoms: atom j ~ scale[j] * rows8[j, :]. [panels * panel_atoms + 1, ld]
  AlignedArray<std::int8_t> rows8;
  /// The same, biased by 128 and interleaved: byte (k % 4) of atom (j % 32) of quad k / 4 of panel j / 32
  /// is at panels8[(j / 32) * 32 * ld + (k / 4) * 128 + (j % 32) * 4 + k % 4]. Zero past `size`.
  AlignedArray<std::uint8_t> panels8;
  /// Per atom, [panels * panel_atoms + 1], zero past `size`:
  AlignedArray<float> scale;
  AlignedArray<float> error;           ///< upper bound of |c_j - scale_j rows8_j|
  AlignedArray<float> norm;            ///< upper bound of |c_j|
  AlignedArray<std::int32_t> row_sum;  ///< sum of the int8 entries

  /// Row j, [ld]. T is the element type.
  template <class T>
  const T* atom(std::int64_t j) const {
    return static_cast<const T*>(atoms.data) + j * atoms.ld;
  }
  /// Row j in float32, [ld]: in place where that is its type, else converted into `buffer` ([ld]).
  const float* float_atom(std::int64_t j, float* buffer) const;
  /// Row j in fp64 into out[0 .. ld).
  void copy_atom(std::int64_t j, double* out) const;
  const std::int8_t* atom8(std::int64_t j) const { return rows8.get() + j * ld; }
};

/// @param threads  panels are made side by side; the outcome does not depend on it
std::shared_ptr<const CpuDictionary> make_cpu_dictionary(const AtomSource& source, int threads = 1);

}  // namespace splice_cuda::cpu
