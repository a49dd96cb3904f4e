#pragma once

/// @file views.hpp
/// What kernels are told: device pointers to the dictionary, the problem and the rows of a tile.

#include <cstdint>

#include "lane_group.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cuda {

/// The dictionary; see DeviceDictionary.
struct AtomsView {
  std::int64_t size = 0;  ///< p
  std::int64_t dim = 0;   ///< d
  std::int64_t ld = 0;    ///< d rounded up to 64
  const float* atoms = nullptr;        ///< [p, ld], zero past d
  const std::int8_t* rows8 = nullptr;  ///< [p padded, ld]: c_j ~ scale_j rows8_j
  const Float16* halves = nullptr;     ///< [p, 2, ld]: c_j ~ half_scales_j (halves_j0 + halves_j1), see split_atoms.hpp
  const float* half_scales = nullptr;  ///< [p] powers of two
  const std::uint32_t* remainders = nullptr;  ///< [p, ld / 8] what rows8 leave of c_j, see remainders.hpp
};

/// rows + atom * stride, by one instruction: atoms are below 2^31, strides below 2^32 bytes.
template <class T>
SPLICE_KERNEL const T* atom_row(const T* rows, std::int64_t atom, std::int64_t stride) {
  const std::uint64_t bytes = std::uint64_t{static_cast<std::uint32_t>(atom)} * static_cast<std::uint32_t>(stride * std::int64_t{sizeof(T)});
  return reinterpret_cast<const T*>(reinterpret_cast<const char*>(rows) + bytes);
}

/// Of an atom's remainder, t_j n_j.
struct RemainderScale {
  float weight = 0;  ///< t_j / a_j
  float error = 0;   ///< upper bound of |c_j - scale_j rows8_j - t_j n_j| / a_j and of rounding, per |r^|
};

/// The problem of one call; see DeviceProblem.
struct ProblemView {
  const float* solver_inverse = nullptr;   ///< [p] 1 / a_j; 0 for banned atoms and all but one of equal ones
  const double* inverse = nullptr;         ///< [p] 1 / a_j, 0 for banned atoms: what certificates are made with
  const float* screen_weights = nullptr;   ///< [p padded] scale_j / a_j, 0 where the solver must not look
  const float* screen_error = nullptr;     ///< [p padded] upper bound of |c_j - scale_j rows8_j| / a_j
  const RemainderScale* remainder = nullptr;  ///< [p]
  float atom_norm = 0;           ///< upper bound of |c_j| / a_j over the solver's atoms
  float certificate_norm = 0;    ///< the same over all atoms
  bool nonnegative = true;
  double gap_tolerance = 0;
  std::int32_t max_rounds = 0;
};

/// Of vectors in two float16 parts (split_atoms.hpp), whose numbers are below 4.
inline constexpr float vector_scale = 0x1p9f;

/// What a row waits for.
enum class RowPhase : std::int32_t {
  warm,        ///< to be solved among the atoms of the code that it starts from
  first_pass,  ///< to be screened against z, and solved among the best atoms
  certifying,  ///< to be screened against its residual with bounds, and solved to the end
  refused,     ///< the same, after a certificate that was not given: float32 may not have been enough
  exact,       ///< to be solved in fp64 over all atoms
  claims,      ///< believes to be solved: the certificate decides
  claims_exactly,  ///< the same, but what the screening proved no longer holds: all atoms have to be looked at
  finished,
};

/// Rows of a tile, each scaled by a power of two such that 1 <= |z| < 2 (design.md, "Units"). Everything is
/// [rows] or [rows, ...] with the leading dimension given.
struct RowsView {
  std::int64_t count = 0;
  std::int64_t first = 0;            ///< of the batch: row i of the tile is row first + i
  float* z = nullptr;                ///< [, ld]
  Float16* z_halves = nullptr;       ///< [, 2, ld] z in parts, scaled by vector_scale; null where no solver wants them
  float* r = nullptr;                ///< [, ld] residual of the solution at hand; undefined before there is one
  std::int32_t* exponent = nullptr;  ///< z holds the embedding times 2^exponent
  double* lambda = nullptr;          ///< times 2^exponent
  RowPhase* phase = nullptr;
  std::int32_t* status = nullptr;      ///< RowStatus, once finished
  std::int32_t* rounds = nullptr;
  std::int32_t* iterations = nullptr;
  std::int32_t* misses = nullptr;      ///< certifying rounds that did not end in a certificate
  /// The solution at hand: atoms ascending, weights of the scaled problem.
  std::int64_t code_capacity = 0;
  std::int32_t* code_count = nullptr;
  std::int32_t* code_atoms = nullptr;  ///< [, code_capacity]
  float* code_weights = nullptr;       ///< [, code_capacity]
  /// The certificate of that solution, of the scaled problem until it is finished.
  double* primal = nullptr;
  double* dual = nullptr;
  double* gap = nullptr;
  double* kkt_violation = nullptr;
};

}  // namespace splice_cuda::cuda
