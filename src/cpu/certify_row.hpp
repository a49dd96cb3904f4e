#pragma once

/// @file certify_row.hpp
/// Stage `certify`: a row's certificate from its final code, in fp64, by code that no solver owns. The largest
/// correlation over ALL atoms is bounded by exact products for the atoms that may come near lambda, and by the
/// screening's proven bounds for the rest.

#include <cstdint>
#include <span>
#include <vector>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/load_row.hpp"
#include "cpu/quantize.hpp"
#include "cpu/screen.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cpu {

/// What a screening proved, per weighted atom c_j / a_j and for residuals r^ that are quantised:
///   |correlation with `centre`| <= |value| + errors[j] norm for listed atoms, <= dropped_bound for atoms that left the list
///   when it was brought there, and |correlation with `screened`| <= unlisted_bound for those that never were in it.
struct ScreenedBounds {
  QuantizedPoint screened;
  QuantizedPoint centre;
  float norm = 0;                 ///< |centre|
  const float* errors = nullptr;  ///< [p] ProblemScales::screen_error
  float unlisted_bound = 0;
  float dropped_bound = 0;
  float atom_norm = 0;  ///< max_j |c_j| / a_j
  const CandidateList* list = nullptr;
};

/// A code and the row it claims to solve.
struct CodeToCertify {
  const float* z = nullptr;  ///< [ld]
  double lambda = 0;
  std::span<const std::int32_t> atoms;
  std::span<const float> weights;
};

/// Buffers, so that nothing is allocated row by row.
struct CertifyScratch {
  std::vector<double> residual;
  std::vector<double> weights;
  std::vector<double> products;
  std::vector<float> residual32;
  std::vector<float> products32;
  std::vector<std::int32_t> near;  ///< atoms outside the support whose products are needed
  std::vector<std::int32_t> places;
  float atom_norm = 0;  ///< max_j |c_j| / a_j over all atoms
};

/// Fills primal, dual, gap and kkt_violation.
/// @returns half |z|^2
double certify_screened(const CpuDictionary& dictionary, const Problem& problem, const CodeToCertify& code,
                        const ScreenedBounds& bounds, CertifyScratch& scratch, RowReport& report);

/// The same without any screening: exact products with every atom.
double certify_over_all_atoms(const CpuDictionary& dictionary, const Problem& problem,
                              const CodeToCertify& code, CertifyScratch& scratch, RowReport& report);

/// Rounds the weights of the problem scaled by 2^exponent to what float32 holds in the row's own units, and leaves
/// out what becomes 0 or infinite there (rows many orders of magnitude off the atoms' length). Before the
/// certificate: it then speaks of the very code that is returned.
void round_code(int exponent, std::vector<std::int32_t>& atoms, std::vector<float>& weights);

/// Turns a report of the problem scaled by 2^exponent (load_row.hpp) into one of the row's own units.
void unscale_report(RowReport& report, int exponent);

/// Report of a row without a problem to solve. @returns false for a regular row
bool report_irregular_row(RowKind kind, RowReport& report);

}  // namespace splice_cuda::cpu
