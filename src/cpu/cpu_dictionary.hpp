#pragma once

/// @file cpu_dictionary.hpp
/// The dictionary as the CPU kernels read it: float32 rows for exact work, int8 twice for screening (panels
/// for whole passes, rows for lists).

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
  /// Floats between rows of `atoms`, and bytes between rows of `rows8`: dim rounded up to 64.
  std::int64_t ld = 0;
  std::int64_t panels = 0;
  /// [size + 1, ld]: row j is atom j; columns past dim are 0, and so is the whole row `size`, which pads
  /// lists of atoms to a multiple of the vector length.
  AlignedArray<float> atoms;
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

  const float* atom(std::int64_t j) const { return atoms.get() + j * ld; }
  const std::int8_t* atom8(std::int64_t j) const { return rows8.get() + j * ld; }
};

std::shared_ptr<const CpuDictionary> make_cpu_dictionary(MatrixView<const float> atoms);

}  // namespace splice_cuda::cpu
