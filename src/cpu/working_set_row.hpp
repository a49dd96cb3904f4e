#pragma once

/// @file working_set_row.hpp
/// One row on its way through the working-set algorithm (design.md, section 2), and the steps it takes.

#include <array>
#include <cstdint>
#include <vector>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/pivoting.hpp"
#include "cpu/problem_scales.hpp"
#include "cpu/quantize.hpp"
#include "cpu/screen.hpp"
#include "cpu/select.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cpu {

/// Atoms that a row's float32 working set may have; rows that want more go to the fp64 path.
inline constexpr std::int64_t working_set_limit = 384;

enum class RowPhase : std::uint8_t {
  idle,        ///< free slot
  first_pass,  ///< to be screened against z, and solved among the best atoms
  certifying,  ///< to be screened against its residual with bounds, and solved to the end
  exact,       ///< left to the fp64 path over all atoms: slow, without limits
  finished,    ///< has its report
};

/// The row's problem is scaled by a power of two (exact), so that 1 <= |z| < 2: bounds and tolerances need no
/// regard to units. Codes scale alike.
struct WorkingSetRow {
  RowPhase phase = RowPhase::idle;
  bool exactly = false;     ///< solved by the fp64 path, of which `set` knows nothing
  bool claims = false;      ///< believes to be solved: the certificate decides
  std::int64_t row = 0;     ///< of the batch
  int exponent = 0;         ///< z holds the embedding times 2^exponent
  double lambda = 0;        ///< times 2^exponent
  double first_lambda = 0;  ///< the first pass lists what may matter down to this: lambda, or the smallest of a path
  std::int32_t step = 0;    ///< of the problem's path
  std::int32_t pivots = 0;  ///< of the path's tableau since it was set up: each one rounds
  double z_dot_z = 0;
  AlignedArray<float> z;    ///< [ld]
  AlignedArray<float> r;    ///< [ld] residual of the present solution
  AlignedArray<std::int8_t> q;  ///< [ld] int8 copy of the residual that was screened
  QuantizedRow quantized;
  float threshold = 0;       ///< of the next screening: values above are listed
  int margin_level = 0;      ///< how far the residual is expected to move before unlisted atoms could reach lambda
  float unlisted_bound = 0;  ///< c_j.r^ / a_j <= this for every atom that is not in the list
  CandidateList list;
  Tableau<float> set;
  std::vector<std::int32_t> path_atoms;  ///< with a target, in place of `set`: what the path needs (target_row.hpp)
  std::vector<std::int32_t> path_candidates;  ///< best atoms of the first pass, for the path (target_row.hpp, next_penalty.cpp)
  std::vector<double> path_verified;  ///< lambdas of knots, descending, where no candidate violates
  std::vector<std::int32_t> code_atoms;  ///< the solution: atoms ascending ...
  std::vector<float> code_weights;       ///< ... and w_j of the scaled problem
  std::int32_t misses = 0;               ///< certifying rounds that did not end in a certificate
  RowReport report;
};

/// How far a residual may be expected to move after a screening, from level 0 on; WorkingSetRow::margin_level.
inline constexpr int margin_levels = 3;

/// True when the list of a certifying round did not hold what passed: such a round proves nothing. The row is screened
/// again with a narrower margin, or goes to the fp64 path where there is none. A round whose list is whole expects small
/// movements from then on.
bool list_overflows(WorkingSetRow& row);

/// Buffers of one worker; and for each atom, whether the row at hand has it in its working set.
class WorkingSetScratch {
 public:
  explicit WorkingSetScratch(std::int64_t size) : stamps_(static_cast<std::size_t>(size), 0) {}
  /// Starts a new row: no atom is a member.
  void begin_row(const Tableau<float>& set);
  bool contains(std::int32_t atom) const { return stamps_[static_cast<std::size_t>(atom)] == stamp_; }
  void insert(std::int32_t atom) { stamps_[static_cast<std::size_t>(atom)] = stamp_; }

  std::vector<std::int32_t> candidates;  ///< to be picked from ...
  std::vector<float> products;           ///< ... and c_j.r of each
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  std::vector<std::int32_t> picks;
  std::vector<float> pick_values;
  std::vector<float> gram;
  std::vector<float> factors;
  std::vector<float> weights;
  std::vector<float> gains;  ///< lambda_gains of a set
  std::array<std::vector<float>, 2> pair;  ///< two atoms in float32, where they are stored in 16 bits

 private:
  std::vector<std::int32_t> stamps_;
  std::int32_t stamp_ = 0;
};

/// Steps of the algorithm on one row. Stateless but for the scratch; a row's outcome depends on the row, the
/// dictionary and the problem alone.
class WorkingSetSteps {
 public:
  WorkingSetSteps(const CpuDictionary& dictionary, const Problem& problem, const ProblemScales& scales);

  /// Sets thresholds and bounds of the screening that comes next, and quantises the residual. A row whose
  /// threshold would fall to nothing goes to the exact path.
  void plan_screen(WorkingSetRow& row) const;
  /// After the first screening: solves among the listed atoms, by int8 correlations.
  void solve_first(WorkingSetRow& row);
  /// After a screening with bounds: solves until no listed atom can violate; claims if no unlisted one can.
  void solve_certifying(WorkingSetRow& row);
  /// Starts from given atoms (a warm start) instead of a first pass.
  void start_from(WorkingSetRow& row, const std::int32_t* atoms, std::int64_t count);
  /// From the solution at hand to that of a smaller lambda, among the candidates of the first pass (next_penalty.cpp).
  void continue_at(WorkingSetRow& row, double lambda);

 private:
  void add_atoms(WorkingSetRow& row);
  void update_residual(WorkingSetRow& row);
  void refine(WorkingSetRow& row);
  bool add_violators(WorkingSetRow& row);
  Selection best_candidates(WorkingSetRow& row);
  void correlate(WorkingSetRow& row, Selection& candidates) const;
  void join_picks(WorkingSetRow& row);
  void solve_roughly(WorkingSetRow& row);
  std::int64_t pick_listed(Selection& candidates, float threshold, float weak, std::int64_t most);
  std::int64_t pick(float threshold, std::int64_t most);
  float slack(const WorkingSetRow& row) const;
  float moved(const WorkingSetRow& row) const;
  float inverse_weight(std::int32_t atom) const {
    return problem_.solver_inverse_weights[static_cast<std::size_t>(atom)];
  }

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  const ProblemScales& scales_;
  WorkingSetScratch scratch_;
};

}  // namespace splice_cuda::cpu
