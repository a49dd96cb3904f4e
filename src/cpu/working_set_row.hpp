#pragma once

/// @file working_set_row.hpp
/// One row on its way through the working-set algorithm (design.md, section 2), and the steps it takes.

#include <array>
#include <cstdint>
#include <vector>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/gram_scratch.hpp"
#include "cpu/pivoting.hpp"
#include "cpu/problem_scales.hpp"
#include "cpu/quantize.hpp"
#include "cpu/screen.hpp"
#include "cpu/select.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cpu {

/// Atoms that a row's float32 working set may have; rows that want more go to the fp64 path.
inline constexpr std::int64_t working_set_limit = 384;

/// Of the Gram diagonal: pivots below tell that an atom depends on the support. float32 Gram entries err by 1e-6; int8
/// copies of dependent atoms are off each other's span by their rounding, about 1e-4 of their squares.
constexpr float pivot_floor(bool precise) { return precise ? 1e-4f : 5e-4f; }

enum class RowPhase : std::uint8_t {
  idle,        ///< free slot
  first_pass,  ///< to be screened against z, and solved among the best atoms
  refining,    ///< to be screened against its residual, and solved among what comes near to lambda there
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
  double next_lambda = 0;   ///< of a path: certifying rounds list what may matter at this one, too; 0: no
  std::int32_t step = 0;    ///< of the problem's path
  std::int32_t pivots = 0;  ///< of the path's tableau since it was set up: each one rounds
  double z_dot_z = 0;
  AlignedArray<float> z;    ///< [ld]
  AlignedArray<float> r;    ///< [ld] residual of the present solution
  AlignedArray<std::int8_t> q;  ///< [ld] int8 copy of the residual that was screened
  QuantizedRow quantized;
  AlignedArray<std::int8_t> fine_q;  ///< [ld] int8 copy of the movement since then that the list has been brought along
  float fine_scale = 0;              ///< 0 before that
  float threshold = 0;       ///< of the next screening: values above are listed
  int margin_level = 0;      ///< how far the residual is expected to move before unlisted atoms could reach lambda
  float unlisted_bound = 0;  ///< c_j.r^ / a_j <= this at `screened` for every atom that never was in the list ...
  float dropped_bound = 0;   ///< ... and at `centre` for those that left it
  CandidateList list;
  Tableau<float> set;        ///< over the Gram matrix of the atoms' int8 copies ...
  bool precise = false;      ///< ... or of the atoms themselves, where those would not do
  std::vector<std::int32_t> path_atoms;  ///< with a target, in place of `set`: what the path needs (target_row.hpp)
  std::vector<std::int32_t> path_candidates;  ///< best atoms of the first pass, for the path (target_row.hpp)
  std::vector<std::int32_t> next_candidates;  ///< what may join at the path's next penalty (next_penalty.cpp)
  std::vector<double> path_verified;  ///< lambdas of knots, descending, where no candidate violates
  std::vector<std::int32_t> code_atoms;  ///< the solution: atoms ascending ...
  std::vector<float> code_weights;       ///< ... and w_j of the scaled problem
  std::int32_t misses = 0;               ///< certifying rounds that did not end in a certificate
  RowReport report;

  /// The residual that was screened.
  QuantizedPoint screened() const { return {q.get(), quantized.scale, q.get(), 0}; }
  /// The one that the list's values and `quantized.norm` speak of.
  QuantizedPoint centre() const { return {q.get(), quantized.scale, fine_q.get(), fine_scale}; }
};

/// How far a residual may be expected to move after a screening, from level 0 on; WorkingSetRow::margin_level.
inline constexpr int margin_levels = 4;
inline constexpr int refined_level = 1;
inline constexpr int first_pass_level = 2;

/// Of a path's next lambda: atoms whose correlations are above it at the present one are its candidates.
inline constexpr float next_threshold = 0.95f;

/// True when the list of a certifying round did not hold what passed: such a round proves nothing. The row is screened
/// again with a narrower margin, or goes to the fp64 path where there is none. A round whose list is whole expects small
/// movements from then on.
bool list_overflows(WorkingSetRow& row);

/// Buffers of one worker; and for each atom, its place in the working set of the row at hand.
class WorkingSetScratch {
 public:
  explicit WorkingSetScratch(std::int64_t size) : places_(static_cast<std::size_t>(size), 0) {}
  /// Starts a new row, whose set this is.
  void begin_row(const Tableau<float>& set);
  bool contains(std::int32_t atom) const { return places_[static_cast<std::size_t>(atom)] >= first_place_; }
  /// Of an atom that the set contains.
  std::int32_t place(std::int32_t atom) const { return places_[static_cast<std::size_t>(atom)] - first_place_; }
  void insert(std::int32_t atom, std::int64_t place) {
    places_[static_cast<std::size_t>(atom)] = first_place_ + static_cast<std::int32_t>(place);
  }

  /// Room for `most` atoms and what take_above writes behind them.
  Taken room_to_take(std::int64_t most);

  std::vector<std::int32_t> candidates;  ///< to be picked from ...
  std::vector<float> products;           ///< ... and c_j.r / a_j of each
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  std::vector<std::int32_t> picks;  ///< what joins the set ...
  std::vector<float> pick_values;   ///< ... and c_j.r / a_j of each
  std::vector<float> gram;
  GramScratch gram_rows;
  AppendScratch<float> append;
  std::vector<float> factors;
  std::vector<float> weights;
  std::vector<float> gains;                ///< lambda_gains of a set
  std::vector<float> movement;             ///< [ld] r - r^
  std::vector<std::int32_t> places;        ///< of a list
  std::array<std::vector<float>, 2> pair;  ///< two atoms in float32, where they are stored in 16 bits

 private:
  // An atom of the row at hand has first_place_ + its place, any other one less than first_place_.
  std::vector<std::int32_t> places_;
  std::int32_t first_place_ = 0;
  std::vector<std::int32_t> taken_atoms_;
  std::vector<float> taken_values_;
};

/// Atoms to be picked from, and c_j.r / a_j of each.
struct Candidates {
  const std::int32_t* atoms = nullptr;  ///< [count]
  const float* values = nullptr;        ///< [count]
  std::int64_t count = 0;
};

/// What a look at the listed atoms found.
enum class Violators : std::uint8_t {
  none,
  in_set,  ///< some that the set has already
  joined,  ///< some that have just joined it
};

/// Steps of the algorithm on one row. Stateless but for the scratch; a row's outcome depends on the row, the
/// dictionary and the problem alone.
class WorkingSetSteps {
 public:
  WorkingSetSteps(const CpuDictionary& dictionary, const Problem& problem, const ProblemScales& scales);

  /// Sets thresholds and bounds of the screening that comes next, and quantises the residual. A row whose
  /// threshold would fall to nothing goes to the exact path.
  void plan_screen(WorkingSetRow& row) const;
  /// After the first screening: solves among the best of the listed atoms, by int8 correlations.
  void solve_first(WorkingSetRow& row);
  /// After one at the residual of that: goes on among the atoms that it lists.
  void solve_refining(WorkingSetRow& row);
  /// Announces the row that solve_certifying will be given after the next one.
  void expect(const WorkingSetRow& row);
  /// After a screening with bounds: solves until no listed atom can violate; claims if no unlisted one can.
  void solve_certifying(WorkingSetRow& row);
  /// The best that the present set can do, for a row that gets no further round.
  void settle(WorkingSetRow& row);
  /// Starts from given atoms (a warm start) instead of a first pass.
  void start_from(WorkingSetRow& row, const std::int32_t* atoms, std::int64_t count);
  /// From the solution at hand to that of a smaller lambda, among what the certifying pass has listed for it (next_penalty.cpp).
  void continue_at(WorkingSetRow& row, double lambda);

 private:
  void note_candidates(WorkingSetRow& row);
  void add_picks(WorkingSetRow& row);
  void gram_of_picks(const WorkingSetRow& row, std::int64_t count);
  void correlate_picks(const float* r);
  void rebuild_precisely(WorkingSetRow& row);
  void update_residual(WorkingSetRow& row);
  float read_support_slacks(WorkingSetRow& row);
  bool refine(WorkingSetRow& row);
  void settle_support(WorkingSetRow& row);
  void join_listed(WorkingSetRow& row);
  void recentre(WorkingSetRow& row);
  std::int64_t find_listed(const WorkingSetRow& row, float limit, float error_share);
  void gather_candidates(const WorkingSetRow& row);
  bool update_members(WorkingSetRow& row, float allowed);
  Violators add_violators(WorkingSetRow& row);
  float keep_best(Selection& candidates, std::int64_t most);
  Selection listed(WorkingSetRow& row) const;
  void solve_among(WorkingSetRow& row, Selection& candidates, int steps);
  void solve_best(WorkingSetRow& row, Selection& candidates);
  void correlate(WorkingSetRow& row, Selection& candidates) const;
  void join_picks(WorkingSetRow& row);
  void solve_set(WorkingSetRow& row, float tolerance);
  void solve_roughly(WorkingSetRow& row);
  std::int64_t pick_listed(Selection& candidates, float threshold, float weak, std::int64_t most);
  std::int64_t pick(const Candidates& candidates, float threshold, std::int64_t most);
  float magnitude(float value) const { return problem_.nonnegative ? value : value < 0 ? -value : value; }
  float slack(const WorkingSetRow& row) const;
  float moved(const WorkingSetRow& row, const QuantizedPoint& point) const;
  bool wants_precision(const WorkingSetRow& row) const;
  float inverse_weight(std::int32_t atom) const {
    return problem_.solver_inverse_weights[static_cast<std::size_t>(atom)];
  }

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  const ProblemScales& scales_;
  WorkingSetScratch scratch_;
};

}  // namespace splice_cuda::cpu
