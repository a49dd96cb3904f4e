#pragma once

/// @file target_row.hpp
/// Rows that find their own penalty (target_l0, target_cosine): the same rounds as in working_set_row.hpp, but what is
/// solved in each is the path among the working set, and lambda is where the path meets the target. fp64 throughout: a
/// knot is where an atom has weight 0 exactly, and float32 would not tell on which side it lies.

#include <cstdint>
#include <vector>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/problem_scales.hpp"
#include "cpu/solution_path.hpp"
#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {

/// Steps on one row. Stateless but for the scratch; a row's outcome depends on the row, the dictionary and the problem
/// alone. Each step leaves the row with the code of its present lambda.
class TargetSteps {
 public:
  TargetSteps(const CpuDictionary& dictionary, const Problem& problem, const ProblemScales& scales)
      : dictionary_(dictionary), problem_(problem), scales_(scales) {}

  /// A penalty to start from, and to keep where no atom correlates with the row.
  void begin(WorkingSetRow& row) const;
  /// After the first screening: the path among the listed atoms, by int8 correlations.
  void solve_first(WorkingSetRow& row);
  /// After a screening with bounds: until no listed atom violates where the path ends; claims if no unlisted one can.
  void solve_certifying(WorkingSetRow& row);
  /// The path among all atoms, correlations in fp64 in every round.
  void solve_exactly(WorkingSetRow& row, std::int32_t rounds);

 private:
  /// 1 / a_j in fp64 (of a float32 reciprocal the knots would lie elsewhere); 0 where the solver must not use the atom.
  double inverse_weight(std::int32_t atom) const {
    const auto j = static_cast<std::size_t>(atom);
    return problem_.solver_inverse_weights[j] > 0 ? problem_.inverse_weights[j] : 0;
  }
  std::size_t first_set_size() const;
  double excess(std::int32_t atom, double product) const;
  void open(WorkingSetRow& row, const std::vector<std::int32_t>& atoms);
  void append(WorkingSetRow& row, const std::vector<std::int32_t>& atoms);
  void keep_worst(std::vector<std::int32_t>& atoms, std::vector<double>& values, std::size_t most) const;
  void follow(WorkingSetRow& row);
  void solve_at(WorkingSetRow& row, float penalty);
  bool meets_target(WorkingSetRow& row);
  void update_residual(const WorkingSetRow& row);
  void write_code(WorkingSetRow& row);
  void leave(WorkingSetRow& row);
  void take_all_as_candidates(WorkingSetRow& row) const;
  void choose_candidates(WorkingSetRow& row);
  bool add_violators(WorkingSetRow& row);
  bool add_violators_of_knots(WorkingSetRow& row);
  bool has_room(const WorkingSetRow& row) const;

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  const ProblemScales& scales_;
  SolutionPath path_;
  std::vector<std::uint8_t> member_;  ///< [p] of the path's atoms
  std::vector<double> residual_;      ///< [ld]
  std::vector<double> correlations_;
  std::vector<std::int32_t> all_;
  std::vector<std::int32_t> atoms_;
  std::vector<std::int32_t> found_;
  std::vector<double> found_values_;
  std::vector<double> weights_;
  std::vector<double> wide_;
  std::vector<double> gram_;
  std::vector<double> factors_;
  std::vector<double> products_;
  std::vector<float> products32_;
  std::vector<float> knot_residual_;
  std::vector<float> last_residual_;
  std::vector<float> candidate_norm_;
  std::vector<float> seen_;
  std::vector<std::int32_t> every_;  ///< 0, 1, 2, ...
  std::vector<std::int32_t> looked_at_;
  std::vector<double> verified_now_;
  std::vector<std::int8_t> knot_q_;
};

}  // namespace splice_cuda::cpu
