#pragma once

/// @file target_view.hpp
/// What the kernel of rows that find their own penalty is told, and its memory.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

struct TargetArgs {
  AtomsView atoms;
  ProblemView problem;
  RowsView rows;
  std::int32_t l0 = 0;      ///< most atoms; 0: not asked for
  double cosine = 0;        ///< of C'w and z; 0: not asked for
  int first_candidates = 0; ///< chosen before a path is followed; dictionaries of no more atoms have them all
  int candidates = 0;       ///< places of candidates, those that join later included
  int most_new = 0;         ///< of those, after each path
  int support = 0;          ///< places of the support
  float* penalties = nullptr;    ///< [rows] out, in the rows' own units
  const float* zeros = nullptr;  ///< [ld]
  double* residuals = nullptr;   ///< [groups, ld]
  double* doubles = nullptr;     ///< [groups, double_count()]
  std::int32_t* ints = nullptr;  ///< [groups, int_count()]
  std::uint8_t* member = nullptr;  ///< [groups, p]

  /// Of one group: see TargetMemory.
  static constexpr std::int64_t double_count(std::int64_t size, std::int64_t ld, std::int64_t candidates, std::int64_t support) {
    return support * (candidates + support + 5) + 2 * candidates + size + ld;
  }
  static constexpr std::int64_t int_count(std::int64_t candidates, std::int64_t support) { return 4 * candidates + 2 * support; }
};

/// Memory of one group.
struct TargetMemory {
  double* columns = nullptr;       ///< [support, candidates] <c_s, c_i> for each atom s of the support: of slot s row column[s]
  double* inverse = nullptr;       ///< [support, support]
  double* weights = nullptr;       ///< [support] w_s
  double* rates = nullptr;         ///< [support] by which w_s rises as lambda falls by 1
  double* quotients = nullptr;     ///< [support] 1 / factor
  double* right = nullptr;         ///< [support]
  double* change = nullptr;        ///< [support]
  double* products = nullptr;      ///< [candidates] <c_i, z>
  double* factors = nullptr;       ///< [candidates] +-1 / a_i, the sign such that the correlation is not negative
  double* correlations = nullptr;  ///< [p]
  double* image = nullptr;         ///< [ld]
  double* residual = nullptr;      ///< [ld]
  std::int32_t* atoms = nullptr;      ///< [candidates]
  std::int32_t* slot_of = nullptr;    ///< [candidates] -1: not in the support
  std::int32_t* barred = nullptr;     ///< [candidates] by which support: see TargetPath
  std::int32_t* exchanges = nullptr;  ///< [candidates]
  std::int32_t* place = nullptr;      ///< [support] of a slot's atom among the candidates
  std::int32_t* column = nullptr;     ///< [support] a permutation
  std::uint8_t* member = nullptr;     ///< [p] of the candidates
};

SPLICE_KERNEL TargetMemory target_memory(const TargetArgs& args, std::int64_t index) {
  const std::int64_t size = args.atoms.size;
  const std::int64_t ld = args.atoms.ld;
  const std::int64_t candidates = args.candidates;
  const std::int64_t support = args.support;
  double* doubles = args.doubles + index * TargetArgs::double_count(size, ld, candidates, support);
  std::int32_t* ints = args.ints + index * TargetArgs::int_count(candidates, support);
  const auto next_doubles = [&](std::int64_t count) {
    double* first = doubles;
    doubles += count;
    return first;
  };
  const auto next_ints = [&](std::int64_t count) {
    std::int32_t* first = ints;
    ints += count;
    return first;
  };
  TargetMemory m;
  m.columns = next_doubles(support * candidates);
  m.inverse = next_doubles(support * support);
  m.weights = next_doubles(support);
  m.rates = next_doubles(support);
  m.quotients = next_doubles(support);
  m.right = next_doubles(support);
  m.change = next_doubles(support);
  m.products = next_doubles(candidates);
  m.factors = next_doubles(candidates);
  m.correlations = next_doubles(size);
  m.image = next_doubles(ld);
  m.residual = args.residuals + index * ld;
  m.atoms = next_ints(candidates);
  m.slot_of = next_ints(candidates);
  m.barred = next_ints(candidates);
  m.exchanges = next_ints(candidates);
  m.place = next_ints(support);
  m.column = next_ints(support);
  m.member = args.member + index * size;
  return m;
}

}  // namespace splice_cuda::cuda
